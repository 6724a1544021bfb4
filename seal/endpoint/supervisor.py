"""Runs a command for as long as somebody holds this process's standard input: no server outlives who started it.

Even who is killed lets go of a pipe, so no server stays behind on a GPU. Run as a file: it imports nothing of seal.
"""

import glob
import os
import signal
import subprocess
import sys
import threading
import time

PATIENCE_S = 20.0
"""Between asking the command to end and ending it."""
PATIENCE_WITH_OTHERS_S = 5.0
"""For what the command started, once it has ended: workers that give back shared memory need a moment."""


def main(command: list[str]) -> int:
    """Exit code of the command."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_await_release, args=(process,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_end, args=(process,)).start())
    code = process.wait()
    _await_others(process)
    _signal_all(process, signal.SIGKILL)
    return code


def _await_others(process: subprocess.Popen[bytes]) -> None:
    """Let what the command left behind, such as workers of its own, end by itself."""
    give_up_s = time.monotonic() + PATIENCE_WITH_OTHERS_S
    while _is_at_work(process.pid) and time.monotonic() < give_up_s:
        time.sleep(0.05)


def _is_at_work(group: int) -> bool:
    """Whether a process of the group is left that has not ended; one that nobody has waited for has."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    states = [state for file in glob.iglob("/proc/[0-9]*/stat") if (state := _state(file, group))]
    return not states or any(state not in "ZX" for state in states)


def _state(file: str, group: int) -> str | None:
    """The state of a process by its file in /proc, if it is one of the group."""
    try:
        with open(file) as stat:
            state, _, its_group, *_ = stat.read().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return state if int(its_group) == group else None


def _await_release(process: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the command and all that it started to end; end them if the command does not."""
    _signal_all(process, signal.SIGTERM)
    give_up_s = time.monotonic() + PATIENCE_S
    while process.returncode is None and time.monotonic() < give_up_s:
        time.sleep(0.05)
    if process.returncode is None:
        _signal_all(process, signal.SIGKILL)


def _signal_all(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
