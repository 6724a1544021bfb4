"""The outcome of each point of a sweep, as recorded in its folder; and the points without results, with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from seal.folder.run_files import OUTCOMES, read_whole
from seal.folder.store import MANIFEST, RESULTS
from seal.sweep.choice import settings_in


class Outcome(TypedDict):
    """The outcome of one point."""

    overrides: list[str]
    """The point's overrides."""
    failed: str | None
    """Why its last try failed; None if it succeeded or did not finish."""


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A point without results."""

    name: str
    settings: Mapping[str, str]
    """The swept values, by key."""
    reason: str
    """One line."""


def read_outcomes(folder: Path) -> dict[str, Outcome]:
    """The outcomes by point name; empty if the sweep has not begun.

    Raises:
        RunError: the file is damaged.
    """
    found: dict[str, Outcome] = read_whole(folder / OUTCOMES, dict[str, Outcome]) if _is_there(folder) else {}
    return found


def _is_there(folder: Path) -> bool:
    return (folder / OUTCOMES).exists()


def unfinished(folder: Path) -> list[Unfinished]:
    """The points of a sweep's folder that have no results, whether they have begun or not."""
    outcomes = read_outcomes(folder)
    begun = sorted(file.parent.name for file in folder.glob(f"*/{MANIFEST}"))
    return [
        Unfinished(name=name, settings=settings_in(name), reason=_reason(outcomes.get(name), has_begun=name in begun))
        for name in dict.fromkeys([*outcomes, *begun])
        if not (folder / name / RESULTS).exists()
    ]


def _reason(outcome: Outcome | None, *, has_begun: bool) -> str:
    if outcome and outcome["failed"]:
        return in_short(outcome["failed"])
    return "it was interrupted, or still runs" if has_begun else "it has not begun"


def in_short(reason: str) -> str:
    """The first line of a failure. If that is only the title of a list, the first item is added."""
    first, *more = [line.strip() for line in reason.strip().splitlines()]
    return f"{first} {more[0]}" if more and first.endswith(":") else first
