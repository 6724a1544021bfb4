"""Schedulers: the protocol that a coordinator needs, and the part that all submitit executors share."""

import pickle
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from seal.base.redaction import redacted
from seal.cluster.task import ChunkTask
from seal.cluster.workload import Place
from seal.types import Postponed

LOG_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a task that was not killed."""

    value: Any = None
    """The return value."""
    error: str = ""
    """The last line of the error."""

    @property
    def postponed(self) -> Mapping[str, Postponed[Any]]:
        """The postponed units, which a task of a phase returns."""
        return self.value or {}


class Scheduler(Protocol):
    """Starts the jobs of one phase, and knows how they end."""

    @property
    def ends_with_us(self) -> bool:
        """True if jobs must not outlive the coordinator."""

    def submit(self, tasks: Sequence[ChunkTask], place: Place) -> list[str]:
        """Submit jobs and return their ids.

        Raises:
            RunError: nothing was submitted; with the reason.
        """

    def states(self) -> Mapping[str, str] | None:
        """The state of each job of this run that waits or runs; None if the scheduler does not answer now."""

    def outcome(self, job: str) -> Outcome | None:
        """How the job's task ended; None if it has not ended, or was killed."""

    def why_gone(self, job: str) -> str:
        """Why a job ended without an outcome, as far as is known."""

    def cancel(self, jobs: Sequence[str]) -> None:
        """Cancel jobs. Jobs that have ended are left alone.

        Raises:
            RunError: the scheduler refuses; with its message.
        """

    def log_tail(self, job: str) -> str:
        """The last lines of a job's log."""


class SubmititFolder:
    """Reads the files that submitit leaves in its folder, for any executor. Secrets are removed.

    `also` names variables with secrets, whatever they are called.
    """

    def __init__(self, folder: Path, also: Collection[str]) -> None:
        self.folder, self.also = folder.absolute(), also

    def outcome(self, job: str) -> Outcome | None:
        from submitit.core.utils import JobPaths

        file = JobPaths(self.folder, job_id=job).result_pickle
        try:
            verdict, value = pickle.loads(file.read_bytes())
        except (FileNotFoundError, EOFError):
            return None
        if verdict == "success":
            return Outcome(value=value)
        return Outcome(error=redacted(str(value), self.also).strip().splitlines()[-1])

    def log_tail(self, job: str) -> str:
        from submitit.core.utils import JobPaths

        paths = JobPaths(self.folder, job_id=job)
        for file in (paths.stderr, paths.stdout):
            lines = redacted(file.read_text(errors="replace"), self.also).strip().splitlines() if file.exists() else []
            if lines:
                return "\n".join([f"The end of {file}:", *(f"  {line}" for line in lines[-LOG_LINES:])])
        return f"There is no log in {self.folder}"
