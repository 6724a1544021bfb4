"""Whoever starts jobs: what a coordinator needs of it, and what all that submitit knows have in common."""

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
    """How a task ended that came to its end."""

    value: Any = None
    """What it returned."""
    error: str = ""
    """The last line of what it raised."""

    @property
    def postponed(self) -> Mapping[str, Postponed[Any]]:
        """What a task of a phase returns."""
        return self.value or {}


class Scheduler(Protocol):
    """Starts jobs of one phase, and knows what becomes of them."""

    @property
    def ends_with_us(self) -> bool:
        """Whether jobs must not outlive the coordinator."""

    def submit(self, tasks: Sequence[ChunkTask], place: Place) -> list[str]:
        """The ids of the jobs.

        Raises:
            RunError: nothing is submitted; with the reason.
        """

    def states(self) -> Mapping[str, str] | None:
        """The state of each job of this run that waits or runs; None if nobody can tell just now."""

    def outcome(self, job: str) -> Outcome | None:
        """How its task ended; None as long as it has not, or if it was killed."""

    def why_gone(self, job: str) -> str:
        """What is known of a job that is gone without an outcome."""

    def cancel(self, jobs: Sequence[str]) -> None:
        """End jobs; those that have ended are left alone.

        Raises:
            RunError: the scheduler does not do it; with its words.
        """

    def log_tail(self, job: str) -> str:
        """The end of what a job wrote."""


class SubmititFolder:
    """What submitit leaves in its folder, for whichever executor; told without secrets.

    `also` names variables that hold one whatever they are called.
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
                return "\n".join([f"the end of {file}:", *(f"  {line}" for line in lines[-LOG_LINES:])])
        return f"no log in {self.folder}"
