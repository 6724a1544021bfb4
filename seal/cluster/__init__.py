"""The room of clusters: where work runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from seal.cluster.workload import Place, Result, Unit, Workload
from seal.settings import Option, option
from seal.types import Postponed


@option
class Cluster(Option, ABC):
    """A way to get units of work done."""

    def ready(self, run_folder: Path) -> None:  # most clusters need nothing
        """Check that the scheduler can be reached.

        Raises:
            UsageError: jobs cannot be submitted from this machine.
            RunError: the scheduler does not answer, and the run has no earlier jobs to wait for.
        """

    @abstractmethod
    def fulfil(self, work: Workload[Unit, Result], units: Sequence[Unit]) -> list[Result | Postponed[Result]]:
        """The result of every unit, in order. Units without a record are done and recorded; the others are read.

        Postponed units are not recorded.
        """

    def gpus(self, place: Place) -> int:
        """Number of GPUs that a job there gets; 0 if no setting fixes it."""
        return 0

    def gpus_key(self, place: Place) -> str:
        """The key of the setting that fixes the number of GPUs."""
        return "cluster"

    def left_behind(self, run_folder: Path) -> Mapping[str, str] | None:
        """The jobs of a run that go on after it is interrupted, with their states; None if that is unknown."""
        return {}

    def on_interruption(self) -> Literal["ask", "leave", "cancel"]:
        """What to do with these jobs."""
        return "leave"

    def cancel(self, jobs: Sequence[str]) -> None:  # most clusters have no jobs
        """Cancel jobs.

        Raises:
            RunError: the jobs cannot be cancelled; with the reason.
        """
