"""Monitors: they show the progress of a run."""

from collections.abc import Mapping
from typing import Protocol

from seal.base.unit_progress import UnitProgress

Metrics = Mapping[str, float | int | str]
"""Named `area/name`, with the unit in the name, for example `time/inner_s`."""


class Monitor(Protocol):
    """Receives the phases of a run, and the progress of their units."""

    def planned(self, n_units: int) -> None:
        """The whole run has `n_units` units."""

    def began(self, title: str, n_units: int) -> None:
        """A phase with `n_units` units begins."""

    def advanced(self, n_units: int) -> None:
        """`n_units` more units of the phase are done."""

    def recalled(self, n_units: int) -> None:
        """`n_units` units of the phase take no time: they were recorded before, or are not needed."""

    def within(self, n_units: int, progress: UnitProgress) -> None:
        """So many units of the phase are being worked on, and they are so far."""

    def ended(self) -> None:
        """The phase is over."""


class Silent:
    """A monitor that shows nothing."""

    def planned(self, n_units: int) -> None: ...

    def began(self, title: str, n_units: int) -> None: ...

    def advanced(self, n_units: int) -> None: ...

    def recalled(self, n_units: int) -> None:
        self.advanced(n_units)

    def within(self, n_units: int, progress: UnitProgress) -> None: ...

    def ended(self) -> None: ...
