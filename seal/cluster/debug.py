"""The code path of a cluster in this process, one chunk after another, for a debugger."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import PositiveFloat, PositiveInt

from seal.cluster.jobs import Jobs
from seal.cluster.scheduler import Outcome, Scheduler
from seal.cluster.task import ChunkTask
from seal.cluster.workload import Place, Workload
from seal.settings import option


@option
class Debug(Jobs):
    """The code path of a cluster in this process, one chunk after another, for a debugger. Errors of jobs are raised
    here."""

    array_parallelism: PositiveInt = 4
    """Minimum number of chunks in a phase."""
    chunk_minutes: PositiveFloat = 10.0
    poll_s: PositiveFloat = 0.1
    settle_s: PositiveFloat = 1.0

    def scheduler(self, work: Workload[Any, Any], phase: Path) -> Scheduler:
        return InProcess()


class InProcess:
    """A scheduler that runs each job at once, when it is submitted."""

    ends_with_us = True

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def submit(self, tasks: Sequence[ChunkTask], place: Place) -> list[str]:
        first = len(self.outcomes)
        self.outcomes += [Outcome(value=task.here()) for task in tasks]
        return [str(number) for number in range(first, len(self.outcomes))]

    def states(self) -> Mapping[str, str]:
        return {}

    def outcome(self, job: str) -> Outcome:
        return self.outcomes[int(job)]

    def why_gone(self, job: str) -> str:
        return ""

    def cancel(self, jobs: Sequence[str]) -> None:
        """Do nothing: submitted jobs have ended."""

    def log_tail(self, job: str) -> str:
        return ""
