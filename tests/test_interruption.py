"""Real processes, killed: whatever happens, the same command goes on and ends with the same records."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.conftest import MATCHED, SMALL, records

COMMAND: tuple[str, ...] = (sys.executable, "-m", "seal.launch.cli", "run", *SMALL)
N_RUNS, N_KILLS = 4, 3


def start(folder: Path, *overrides: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (*COMMAND, *overrides),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509  # this process has no other threads
    )


def _hear_interrupts() -> None:
    """What was started in the background of a shell ignores them, and hands that down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def n_lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("outputs/tiny/*.jsonl"))


def wait_for_lines(process: subprocess.Popen[bytes], folder: Path, count: int) -> None:
    while process.poll() is None and n_lines(folder) < count:
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(N_RUNS))
def test_a_run_killed_at_random_points_ends_with_the_records_of_an_undisturbed_one(
    tmp_path: Path, finished_matched: Path, seed: int
) -> None:
    random = Random(seed)
    n_killed = 0
    for _ in range(N_KILLS):
        process = start(tmp_path, MATCHED)
        wait_for_lines(process, tmp_path, n_lines(tmp_path) + random.randint(1, 14))
        time.sleep(random.random() * 0.4)
        n_killed += process.poll() is None
        process.kill()
        process.communicate()
    assert n_killed, "every process ended before it was killed: nothing was tested"
    assert start(tmp_path, MATCHED).wait() == 0
    assert records(tmp_path / "outputs/tiny") == records(finished_matched)


@pytest.mark.slow
@pytest.mark.parametrize("largest_file", [2_000, 1_000_000])
def test_a_full_disk_loses_nothing_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, finished: Path, largest_file: int
) -> None:
    """A process that may not write large files fails as one on a full disk does: first at records, then at weights."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file}, {largest_file})); "
        "from seal.launch.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, *COMMAND[3:]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert start(tmp_path).wait() == 0
    assert records(tmp_path / "outputs/tiny") == records(finished)


@pytest.mark.slow
@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_says_that_it_can_go_on_and_exits_with_130(tmp_path: Path, with_signal: int) -> None:
    process = start(tmp_path)
    wait_for_lines(process, tmp_path, 12)
    os.kill(process.pid, with_signal)
    _, said = process.communicate()
    assert process.returncode == 130
    assert b"the same command goes on from there" in said
    assert b"Traceback" not in said
    assert b"if_exists" not in said


@pytest.mark.slow
def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["nohup", *COMMAND],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    wait_for_lines(process, tmp_path, 12)
    process.send_signal(signal.SIGHUP)
    assert process.wait() == 0


@pytest.mark.slow
def test_an_interrupted_replacement_says_that_the_same_command_would_start_anew(tmp_path: Path) -> None:
    process = start(tmp_path, "if_exists=replace")
    wait_for_lines(process, tmp_path, 12)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert b"only with if_exists=resume" in said


@pytest.mark.slow
def test_of_two_processes_with_the_same_command_one_is_refused(tmp_path: Path, finished: Path) -> None:
    first = start(tmp_path)
    wait_for_lines(first, tmp_path, 8)
    first.send_signal(signal.SIGSTOP)  # it keeps the folder while the second asks for it
    second = start(tmp_path)
    _, said = second.communicate()
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"process {first.pid} on {socket.gethostname()} (since 20".encode() in said
    first.communicate()
    assert first.returncode == 0
    assert records(tmp_path / "outputs/tiny") == records(finished)
