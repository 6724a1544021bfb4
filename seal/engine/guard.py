"""Ends some processes when whoever started this one is gone. Run as a file: it imports nothing of seal.

The system closes a pipe when its holder is killed. vLLM's engine waits for ever for a process that was killed, and
keeps its memory.
"""

import os
import signal
import sys
import time
from contextlib import suppress

PATIENCE_S = 10.0
"""Between asking them to end and ending them."""


def main(processes: list[int]) -> None:
    """Wait until nobody holds standard input, then end those that are still there."""
    starts = {process: start for process in processes if (start := started(process))}
    while os.read(sys.stdin.fileno(), 1024):
        continue
    left = _signalled(starts, signal.SIGTERM)
    give_up_s = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < give_up_s:
        time.sleep(0.1)
        left = {process: start for process, start in left.items() if started(process) == start}
    _signalled(left, signal.SIGKILL)


def _signalled(starts: dict[int, str], number: signal.Signals) -> dict[int, str]:
    """Those that were there to get a signal: another process may have the number by now."""
    there = {process: start for process, start in starts.items() if started(process) == start}
    for process in there:
        with suppress(ProcessLookupError):  # it ended just now
            os.kill(process, number)
    return there


def started(process: int) -> str | None:
    """When a process began, as Linux counts it; None if there is none, or it has ended."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            state, *fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]])
