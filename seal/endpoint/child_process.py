"""A command as a process of ours: started with a log, waited for, stopped. Knows nothing of what it does."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from seal.base.redaction import redacted

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_TAIL_LINES, _TAIL_CHARACTERS = 20, 3000
_ERROR = re.compile(r"\b[\w.]*(?:Error|Exception)\b\s*:\s*\S")
_NO_ERROR = re.compile(r"\b(?:WARN|WARNING|INFO|DEBUG)\b")
_STOPPED_AFTER_S = 30.0
"""Longer than the supervisor is patient."""


def first_error(lines: Sequence[str]) -> str | None:
    """The first error in a log. Those behind it are mostly what came of it: "see the root cause above".

    What is only a warning or a notice is none, such as an optional import that failed.
    """
    found = (line for line in lines if _ERROR.search(line) and not _NO_ERROR.search(line))
    return next(found, None)


class ChildProcess:
    """A running command, until it ends, is stopped, or this process ends in whatever way."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as said:
            said.write(f"$ {redacted(' '.join(command))}\n".encode())
            said.flush()
            self._process = subprocess.Popen(
                [sys.executable, str(_SUPERVISOR), *command],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,  # an interruption at the keyboard is for us; we stop the command afterwards
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it is running; negative is the signal that ended it."""
        return self._process.poll()

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        return self._process.wait()

    def tail(self) -> str:
        """The last lines of the log; above them the first error, where they do not show it."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        cause, shown = first_error(lines[1:-_TAIL_LINES]), lines[-_TAIL_LINES:]
        end = "\n".join(f"  {line}" for line in shown)[-_TAIL_CHARACTERS:]
        return f"  {cause[:_TAIL_CHARACTERS]}\n  …\n{end}" if cause else end

    def stop(self) -> None:
        """End the command and all that it started. Stopping twice is allowed."""
        assert self._process.stdin is not None
        self._process.stdin.close()  # the supervisor's sign
        try:
            self._process.wait(_STOPPED_AFTER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
