"""The room of clusters: where work runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from seal.settings import option
from seal.types import Postponed

if TYPE_CHECKING:
    from seal.lab import Lab
    from seal.work import Work

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class Place(StrEnum):
    """Where a kind of work belongs, on a cluster that has more than one place."""

    COORDINATOR = "coordinator"
    """Beside the run itself: work that only waits for others, over a network that jobs may not have."""
    WORKERS = "workers"
    """On as many machines as there are."""
    LEARNER = "learner"
    """On one machine, which may be a larger one."""


@option
class Cluster(ABC):
    """A way of getting units of work done."""

    def ready(self, run_folder: Path) -> None:  # noqa: B027  # most need nobody
        """Whoever starts its jobs is there.

        Raises:
            UsageError: this is no machine for it.
            RunError: they do not answer, and the run has had no job that would be worth waiting for.
        """

    @abstractmethod
    def fulfil(
        self, lab: "Lab", work: "Work[Unit, Result]", units: Sequence[Unit]
    ) -> "list[Result | Postponed[Result]]":
        """The result of every unit, in order: those without a record are done and recorded, the others are read.

        What is postponed is not recorded.
        """

    def left_behind(self, run_folder: Path) -> Mapping[str, str] | None:
        """The jobs of a run that would outlive its interruption, with their states; None if nobody can tell."""
        return {}

    def on_interruption(self) -> Literal["ask", "leave", "cancel"]:
        """What becomes of them."""
        return "leave"

    def cancel(self, jobs: Sequence[str]) -> None:  # noqa: B027  # most have none
        """End jobs.

        Raises:
            RunError: that cannot be done; with the reason.
        """
