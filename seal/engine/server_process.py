"""A server as a process of ours: started with a log, waited for, stopped. Knows nothing of what it serves."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import IO

from seal.errors import ConfigError, RunError

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_TAIL_LINES, _TAIL_CHARACTERS = 20, 3000
_STOPPED_AFTER_S = 30.0
"""Longer than the supervisor is patient."""


class ServerProcess:
    """A running command, until it is stopped, or this process ends in whatever way."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log_folder: Path) -> None:
        self.log, said = _new_log(log_folder)
        with said:
            said.write(f"$ {' '.join(command)}\n".encode())
            said.flush()
            self._process = subprocess.Popen(
                [sys.executable, str(_SUPERVISOR), *command],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,  # an interruption at the keyboard is for us; we stop the server afterwards
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait for the server to be ready; one that is not is stopped.

        Raises:
            RunError: it ended, or is not ready in time; with the last lines of its log.
        """
        end_s = time.monotonic() + timeout_s
        while self.running and time.monotonic() < end_s:
            if ready():
                return
            time.sleep(0.1)
        what = f"is not ready after {timeout_s:g} s" if self.running else f"ended with {self._process.returncode}"
        self.stop()
        raise RunError(f"engine: the server {what}; the end of its log, {self.log}:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]

    def stop(self) -> None:
        """End the server and all that it started. Stopping twice is allowed."""
        assert self._process.stdin is not None
        self._process.stdin.close()  # the supervisor's sign
        try:
            self._process.wait(_STOPPED_AFTER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _new_log(folder: Path) -> tuple[Path, IO[bytes]]:
    """A log of its own for each start; processes that share a run's folder do not share a log."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = folder / f"server_{number}.log"
            try:
                return path, path.open("xb")
            except FileExistsError:
                continue
    except OSError as error:
        raise ConfigError(f"engine: cannot write a log into {folder}: {error.strerror}") from error
    raise AssertionError("counting ended")
