"""What one process has opened for a run: settings, store, contexts, the model in memory, and who watches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from seal.engine import Generator
from seal.logger import Log
from seal.store import Store
from seal.task import Contexts
from seal.types import Policy

if TYPE_CHECKING:
    from seal.backbone import Backbones
    from seal.run import Run
    from seal.work import Work

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class Monitor(Protocol):
    """Somebody who is shown how far a run is."""

    def planned(self, n_units: int) -> None:
        """The whole run has so many units."""

    def began(self, title: str, n_units: int) -> None:
        """A phase with so many units begins."""

    def advanced(self, n_units: int) -> None:
        """So many units of the phase are done, or were known already."""

    def ended(self) -> None:
        """The phase is over."""


class Silent:
    """A monitor that shows nothing."""

    def planned(self, n_units: int) -> None: ...

    def began(self, title: str, n_units: int) -> None: ...

    def advanced(self, n_units: int) -> None: ...

    def ended(self) -> None: ...


@dataclass(kw_only=True)
class Lab:
    """The place where the rooms of a run meet. Everything expensive is opened on first use."""

    run: "Run"
    store: Store
    contexts: Contexts
    monitor: Monitor = field(default_factory=Silent)
    log: Log

    @cached_property
    def backbones(self) -> "Backbones":
        from seal.backbone import Backbones

        return Backbones(self.run.model, self.store.folder)

    def generator(self, policy: Policy) -> Generator:
        return self.run.engine.generator(policy, self.backbones)

    def fulfil(self, work: "Work[Unit, Result]", units: Sequence[Unit]) -> list[Result]:
        """The result of every unit, in order, wherever the run's cluster does the work."""
        return self.run.cluster.fulfil(self, work, units)
