"""The progress of a run, written to its folder so that other processes can show it. No result depends on it."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import TypeAdapter

from seal.base.unit_progress import Count, UnitProgress
from seal.folder.store import Store

PROGRESS = "progress.json"
NOTED_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of the process that works on a run, in units of work. Units recorded earlier are included."""

    began: str
    """When the process started."""
    planned: Count = 0
    """Units of the whole run; 0 while unknown."""
    done: Count = 0
    phase: str = ""
    phase_began: str = ""
    phase_units: Count = 0
    phase_done: Count = 0
    within_units: Count = 0
    """Units that are being worked on, of which `within` says how far they are."""
    within: UnitProgress | None = None


class ProgressFile:
    """A monitor that writes progress to a file and passes it on to another monitor.

    The beginning and end of a phase are written at once, counts at most every `NOTED_EVERY_S`.
    """

    def __init__(self, store: Store, monitor: Any) -> None:
        self.store, self.monitor = store, monitor
        self.progress = Progress(began=_now())
        self.noted_s = float("-inf")

    def planned(self, n_units: int) -> None:
        self._note(replace(self.progress, planned=n_units))
        self.monitor.planned(n_units)

    def began(self, title: str, n_units: int) -> None:
        self._note(
            replace(
                self.progress,
                phase=title,
                phase_began=_now(),
                phase_units=n_units,
                phase_done=0,
                within_units=0,
                within=None,
            )
        )
        self.monitor.began(title, n_units)

    def advanced(self, n_units: int) -> None:
        self._count(n_units)
        self.monitor.advanced(n_units)

    def recalled(self, n_units: int) -> None:
        self._count(n_units)
        self.monitor.recalled(n_units)

    def within(self, n_units: int, progress: UnitProgress) -> None:
        self._note(replace(self.progress, within_units=n_units, within=progress))
        self.monitor.within(n_units, progress)

    def ended(self) -> None:
        self._note(self.progress)
        self.monitor.ended()

    def _count(self, n_units: int) -> None:
        so_far = self.progress
        self.progress = replace(
            so_far,
            done=so_far.done + n_units,
            phase_done=so_far.phase_done + n_units,
            within_units=0,
            within=None,
        )
        if monotonic() - self.noted_s >= NOTED_EVERY_S:
            self._note(self.progress)

    def _note(self, progress: Progress) -> None:
        self.progress = progress
        self.store.write(PROGRESS, json.dumps(asdict(progress)) + "\n")
        self.noted_s = monotonic()


def read_progress(folder: Path) -> Progress | None:
    """The last progress written; None if there is none, or if it cannot be read."""
    try:
        found: Progress = TypeAdapter(Progress).validate_json((folder / PROGRESS).read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
