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
    """A way of getting units of work done."""

    def ready(self, run_folder: Path) -> None:  # most need nobody
        """Whoever starts its jobs is there.

        Raises:
            UsageError: this is no machine for it.
            RunError: they do not answer, and the run has had no job that would be worth waiting for.
        """

    @abstractmethod
    def fulfil(self, work: Workload[Unit, Result], units: Sequence[Unit]) -> list[Result | Postponed[Result]]:
        """The result of every unit, in order: those without a record are done and recorded, the others are read.

        What is postponed is not recorded.
        """

    def gpus(self, place: Place) -> int:
        """Those that a job there gets; 0 where nobody says."""
        return 0

    def gpus_key(self, place: Place) -> str:
        """The setting that says so."""
        return "cluster"

    def left_behind(self, run_folder: Path) -> Mapping[str, str] | None:
        """The jobs of a run that would outlive its interruption, with their states; None if nobody can tell."""
        return {}

    def on_interruption(self) -> Literal["ask", "leave", "cancel"]:
        """What becomes of them."""
        return "leave"

    def cancel(self, jobs: Sequence[str]) -> None:  # most have none
        """End jobs.

        Raises:
            RunError: that cannot be done; with the reason.
        """
