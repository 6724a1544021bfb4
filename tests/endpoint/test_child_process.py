"""Commands as processes of ours: what is shown of their logs, and how they end."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.endpoint.child_process import ChildProcess, first_error

LATER = [f"line {number}" for number in range(30)]


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["(EngineCore pid=7) ERROR [core.py:1] ValueError: no free memory", *LATER], 0),
        (["Traceback (most recent call last):", "torch.OutOfMemoryError: CUDA out of memory", "RuntimeError: so"], 1),
        (["WARNING [a.py:3] ImportError: no triton", "INFO: retry after Error: none", "OSError: disk full"], 2),
        (["loading", "ErrorHandler ready", "0 errors: fine"], None),
        ([], None),
    ],
)
def test_the_first_error_of_a_log_is_found_but_no_warning(lines: list[str], cause: int | None) -> None:
    assert first_error(lines) == (None if cause is None else lines[cause])


def started(folder: Path, program: str) -> ChildProcess:
    environment = {**os.environ, "FOLDER": str(folder)}
    return ChildProcess([sys.executable, "-c", program], environment=environment, log=folder / "log")


def wait_for(what: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_an_error_that_the_end_of_a_log_does_not_show_stands_above_it(tmp_path: Path) -> None:
    process = started(tmp_path, "print('ValueError: no free memory'); [print('line', n) for n in range(30)]; exit(3)")
    assert process.wait() == 3
    shown = process.tail().splitlines()
    assert shown[0].strip() == "ValueError: no free memory"
    assert shown[-1].strip() == "line 29"
    assert len(shown) < 30


WORKER = """
import os, signal, sys, time
from pathlib import Path
folder = Path(os.environ["FOLDER"])
def end(*_):
    time.sleep(0.5)
    (folder / "gave_back").write_text("")
    os._exit(0)
signal.signal(signal.SIGTERM, end if sys.argv[1] == "tidy" else signal.SIG_IGN)
(folder / "worker").write_text(str(os.getpid()))
time.sleep(600)
"""
SERVER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", WORKER, KIND])
time.sleep(600)
"""


def test_what_a_command_started_has_a_moment_to_give_back_what_it_took(tmp_path: Path) -> None:
    process = started(tmp_path, f"WORKER, KIND = {WORKER!r}, 'tidy'\n{SERVER}")
    wait_for((tmp_path / "worker").exists)
    process.stop()
    assert (tmp_path / "gave_back").exists()


@pytest.mark.slow
def test_what_does_not_end_by_itself_is_ended(tmp_path: Path) -> None:
    process = started(tmp_path, f"WORKER, KIND = {WORKER!r}, 'stubborn'\n{SERVER}")
    wait_for((tmp_path / "worker").exists)
    process.stop()
    worker = int((tmp_path / "worker").read_text())
    wait_for(lambda: not alive(worker))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
