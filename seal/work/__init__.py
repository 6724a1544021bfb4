"""The units of work of a run: how each is named, and how a batch of them is done.

There is one module for each verb of the method. Self-edits are written (and read, for rewards that need a rating).
Plans are tried out (adapt, answer). Answers are graded. A policy learns. A unit is a plain value, so that another
process can do it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from seal.base.seeds import derive
from seal.cluster.workload import Place, Result, Unit
from seal.types import Policy, Postponed
from seal.work.lab import Lab


@dataclass(frozen=True, kw_only=True)
class Work(ABC, Generic[Unit, Result]):
    """One kind of work with one policy."""

    records: ClassVar[str]
    """The kind of its records in the store."""
    result: ClassVar[Any]
    """The type of a result."""

    policy: Policy
    title: str
    """Shown in the progress display."""

    @abstractmethod
    def key(self, unit: Unit) -> str:
        """A name made of everything that determines the result, within a run's configuration."""

    def seed(self, lab: Lab, unit: Unit) -> int:
        return derive(lab.run.seed, self.records, self.key(unit))

    def place(self, lab: Lab) -> Place:
        """Where a cluster does this work."""
        return Place.WORKERS

    @abstractmethod
    def batch_size(self, lab: Lab) -> int:
        """Number of units in a batch. Batches are cut from all units, done or not.

        So the rounding in a batch does not depend on when a run was interrupted.
        """

    def rounds_together(self, lab: Lab) -> bool:
        """True if the rounding of a result depends on the other units of its batch.

        Then a batch with missing units is repeated as a whole; otherwise only the missing units are done.
        """
        return True

    def cost(self, unit: Unit) -> int:
        """A rough size of the unit, in any measure. Units of similar cost share a batch; the largest come first."""
        return 0

    @abstractmethod
    def do(self, lab: Lab, units: Sequence[Unit]) -> "Sequence[Result | Postponed[Result]]":
        """One result per unit, in order. A unit is postponed if an external service did not answer."""

    def may_settle(self, lab: Lab, units: Sequence[Unit], postponed: "Sequence[Postponed[Result]]") -> bool:
        """True if units that were postponed twice may be recorded with their incomplete results."""
        return False
