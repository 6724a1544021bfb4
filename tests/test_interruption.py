"""Real processes, killed: whatever happens, the same command goes on and ends with the same records."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.conftest import SMALL, records

COMMAND = (sys.executable, "-m", "seal.launch.cli", "run", *SMALL)
N_RUNS, N_KILLS = 4, 3


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def n_lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("outputs/tiny/*.jsonl"))


def wait_for_lines(process: subprocess.Popen[bytes], folder: Path, count: int) -> None:
    while process.poll() is None and n_lines(folder) < count:
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(N_RUNS))
def test_a_run_killed_at_random_points_ends_with_the_records_of_an_undisturbed_one(
    tmp_path: Path, finished: Path, seed: int
) -> None:
    random = Random(seed)
    n_killed = 0
    for _ in range(N_KILLS):
        process = start(tmp_path)
        wait_for_lines(process, tmp_path, n_lines(tmp_path) + random.randint(1, 14))
        time.sleep(random.random() * 0.4)
        n_killed += process.poll() is None
        process.kill()
        process.communicate()
    assert n_killed, "every process ended before it was killed: nothing was tested"
    assert start(tmp_path).wait() == 0
    assert records(tmp_path / "outputs/tiny") == records(finished)


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_that_it_can_go_on_and_exits_with_130(tmp_path: Path, with_signal: int) -> None:
    process = start(tmp_path)
    wait_for_lines(process, tmp_path, 12)
    os.kill(process.pid, with_signal)
    _, said = process.communicate()
    assert process.returncode == 130
    assert b"the same command goes on from there" in said
    assert b"Traceback" not in said
