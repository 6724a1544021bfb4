"""What became of each point of a sweep, noted in its folder; and which of them have no results, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from seal.folder.run_files import OUTCOMES, read_whole
from seal.folder.store import MANIFEST, RESULTS
from seal.sweep.choice import settings_in


class Outcome(TypedDict):
    """Of one point."""

    overrides: list[str]
    """What it was told."""
    failed: str | None
    """Why it failed when it was tried last; None where it did not, or was not tried to its end."""


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A point that has no results."""

    name: str
    settings: Mapping[str, str]
    """What was swept, by key."""
    reason: str
    """In a line."""


def read_outcomes(folder: Path) -> dict[str, Outcome]:
    """By the point's name; none where no sweep has begun.

    Raises:
        RunError: the file is not what was written.
    """
    found: dict[str, Outcome] = read_whole(folder / OUTCOMES, dict[str, Outcome]) if _is_there(folder) else {}
    return found


def _is_there(folder: Path) -> bool:
    return (folder / OUTCOMES).exists()


def unfinished(folder: Path) -> list[Unfinished]:
    """The points of a sweep's folder that have no results: those that were to be run, and those that began."""
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
    return "it was interrupted, or is under way" if has_begun else "it has not begun"


def in_short(reason: str) -> str:
    """What a failure says first; where that is only the title of a list, with the first of it."""
    first, *more = [line.strip() for line in reason.strip().splitlines()]
    return f"{first} {more[0]}" if more and first.endswith(":") else first
