"""A server as a process of ours: started with a log, waited for, stopped. Knows nothing of what it serves."""

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from seal.endpoint.child_process import ChildProcess
from seal.errors import ConfigError, RunError


class ServerProcess(ChildProcess):
    """A running command that will be ready at some time."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log_folder: Path) -> None:
        super().__init__(command, environment=environment, log=_new_log(log_folder))

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
        what = f"is not ready after {timeout_s:g} s" if self.running else f"ended with {self.exit_code}"
        self.stop()
        raise RunError(f"engine: the server {what}; the end of its log, {self.log}:\n{self.tail()}")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _new_log(folder: Path) -> Path:
    """A log of its own for each start; processes that share a run's folder do not share a log."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = folder / f"server_{number}.log"
            try:
                path.open("xb").close()
                return path
            except FileExistsError:
                continue
    except OSError as error:
        raise ConfigError(f"engine: cannot write a log into {folder}: {error.strerror}") from error
    raise AssertionError("counting ended")
