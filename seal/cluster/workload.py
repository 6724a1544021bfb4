"""Workloads: one kind of work, with everything a cluster needs to do it. They know no run, no model and no reward.

A unit of work is any value that can be pickled. It has one record, and a key made of everything that determines its
result.
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
    """Where a kind of work belongs, on a cluster with more than one place."""

    COORDINATOR = "coordinator"
    """In the process of the run itself. For work that only waits for a network service, which jobs may not reach."""
    WORKERS = "workers"
    """On as many machines as there are."""
    LEARNER = "learner"
    """On one machine, which may be a larger one."""


@dataclass(frozen=True, kw_only=True)
class Workload(ABC, Generic[Unit, Result]):
    """One kind of work, and the store for its records. It is pickled in `packed` form."""

    title: str
    """Shown in the progress display."""
    records: str
    """The kind of its records in the store."""
    result: Any
    """The type of a result."""
    place: Place
    batch_size: int
    """Number of units in a batch. Batches are cut from all units, done or not, so that rounding in a batch does not
    depend on when a run was interrupted."""
    rounds_together: bool
    """True if the rounding of a result depends on the other units of its batch. Then a batch with missing units is
    repeated as a whole; otherwise only the missing units are done."""
    store: Store
    monitor: Monitor
    secret_variables: Collection[str]
    """Environment variables whose values no log may show, whatever they are called."""

    @abstractmethod
    def key(self, unit: Unit) -> str:
        """A name made of everything that determines the result, within a run's configuration."""

    @abstractmethod
    def cost(self, unit: Unit) -> int:
        """A rough size of the unit, in any measure. Units of similar cost share a batch; the largest come first."""

    @abstractmethod
    def do(self, units: Sequence[Unit]) -> Sequence[Result | Postponed[Result]]:
        """One result per unit, in order. A unit is postponed if an external service did not answer."""

    @abstractmethod
    def log(self, metrics: Metrics) -> None:
        """Log times and other metrics that are not results."""

    @abstractmethod
    def packed(self) -> Self:
        """The same as a plain value for another process, without the open resources of this one."""

    @abstractmethod
    def elsewhere(self, store: Store) -> AbstractContextManager[Self]:
        """The same in another process, which records into its own store. Its resources are closed at the end."""
