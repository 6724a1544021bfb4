"""The units of work of a run: what names each of them, and how a batch of them is done.

One module for each verb of the method: self-edits are written (and read, for rewards that ask for it), plans are tried
out (adapt, answer), answers are graded, a policy learns. A unit is a plain value, so that it can be done by another
process elsewhere.
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
    """A kind of work by one policy."""

    records: ClassVar[str]
    """The kind of its records in the store."""
    result: ClassVar[Any]
    """The type of a result."""

    policy: Policy
    title: str
    """For the people who watch."""

    @abstractmethod
    def key(self, unit: Unit) -> str:
        """A name made of all that determines the result, given the run's configuration."""

    def seed(self, lab: Lab, unit: Unit) -> int:
        return derive(lab.run.seed, self.records, self.key(unit))

    def place(self, lab: Lab) -> Place:
        """Where a cluster does it."""
        return Place.WORKERS

    @abstractmethod
    def batch_size(self, lab: Lab) -> int:
        """How many units are done together. Batches are cut from all units, done or not, so that rounding in a batch
        does not depend on when a run was interrupted."""

    def rounds_together(self, lab: Lab) -> bool:
        """Whether results depend by rounding on who else is in a batch. If not, only what is missing is done."""
        return True

    def cost(self, unit: Unit) -> int:
        """Roughly how much there is to do, in any measure. Units of like cost are done together, the longest first."""
        return 0

    @abstractmethod
    def do(self, lab: Lab, units: Sequence[Unit]) -> "Sequence[Result | Postponed[Result]]":
        """One result a unit, in order. What somebody else has to do, and did not, is postponed."""

    def may_settle(self, lab: Lab, units: Sequence[Unit], postponed: "Sequence[Postponed[Result]]") -> bool:
        """Whether these of the units, postponed twice, may be recorded as they stand."""
        return False
