"""What a cluster is given: a kind of work with all that doing it takes. It knows no run, no model and no reward.

A unit of work is any value that can be pickled. It has a key, made of all that determines its result, and one record.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

from seal.base.monitor import Metrics, Monitor
from seal.folder.store import Store
from seal.types import Postponed

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


@dataclass(frozen=True, kw_only=True)
class Workload(ABC, Generic[Unit, Result]):
    """A kind of work, and where its records go. Pickled as it is `packed`."""

    title: str
    """For the people who watch."""
    records: str
    """The kind of its records in the store."""
    result: Any
    """The type of a result."""
    place: Place
    batch_size: int
    """Units that are done together. Batches are cut from all units, done or not, so that rounding in a batch does not
    depend on when a run was interrupted."""
    rounds_together: bool
    """Whether results depend by rounding on who else is in a batch. If not, only what is missing is done."""
    store: Store
    monitor: Monitor
    secret_variables: Collection[str]
    """Variables of the environment whose values no log may show, whatever they are called."""

    @abstractmethod
    def key(self, unit: Unit) -> str:
        """A name made of all that determines the result, given the run's configuration."""

    @abstractmethod
    def cost(self, unit: Unit) -> int:
        """Roughly how much there is to do, in any measure. Units of like cost are done together, the longest first."""

    @abstractmethod
    def do(self, units: Sequence[Unit]) -> Sequence[Result | Postponed[Result]]:
        """One result a unit, in order. What somebody else has to do, and did not, is postponed."""

    @abstractmethod
    def log(self, metrics: Metrics) -> None:
        """Note times, and what else is no result."""

    @abstractmethod
    def packed(self) -> Self:
        """The same without what is open in this process, for another one."""

    @abstractmethod
    def elsewhere(self, store: Store) -> AbstractContextManager[Self]:
        """The same in another process, which records all in a store of its own; what it opens is closed at the end."""
