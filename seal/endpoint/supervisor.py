"""Runs a command for as long as somebody holds this process's standard input: no server outlives who started it.

Even who is killed lets go of a pipe, so no server stays behind on a GPU. Run as a file: it imports nothing of seal.
"""

import os
import signal
import subprocess
import sys
import threading
import time

PATIENCE_S = 20.0
"""Between asking the command to end and ending it."""


def main(command: list[str]) -> int:
    """Exit code of the command."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_await_release, args=(process,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_end, args=(process,)).start())
    code = process.wait()
    _signal_all(process, signal.SIGKILL)  # what it left behind, such as workers of its own
    return code


def _await_release(process: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the command and all that it started to end; end them if they do not."""
    _signal_all(process, signal.SIGTERM)
    give_up_s = time.monotonic() + PATIENCE_S
    while process.returncode is None and time.monotonic() < give_up_s:
        time.sleep(0.05)
    _signal_all(process, signal.SIGKILL)


def _signal_all(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
