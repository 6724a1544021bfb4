"""How fast a run is and what is left of it, from what its processes noted and logged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from seal.progress import read_progress


def how_far(folder: Path, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The whole of a run and its phase, each with the rate of what was really done, and the time that this leaves."""
    progress = read_progress(folder)
    if progress is None:
        return None
    done = [line for line in lines if "units" in line]
    of_phase = [line for line in done if line["work"] == progress.phase]
    left, phase_left = progress.planned - progress.done, progress.phase_units - progress.phase_done
    return {
        "planned": progress.planned,
        "done": progress.done,
        **_pace(done, progress.began, left),
        "phase": {
            "title": progress.phase,
            "units": progress.phase_units,
            "done": progress.phase_done,
            **_pace(of_phase, progress.phase_began, phase_left),
        },
    }


def _pace(lines: Sequence[Mapping[str, Any]], since: str, n_left: int) -> dict[str, float | None]:
    """Of units that were done since then; those that were known already took no time."""
    fresh = [line for line in lines if since and line["time"] >= since]
    last = max((datetime.fromisoformat(line["time"]) for line in fresh), default=None)
    minutes = (last - datetime.fromisoformat(since)).total_seconds() / 60 if last else 0.0
    rate = sum(line["units"] for line in fresh) / minutes if minutes > 0 else 0.0
    return {"units_per_minute": round(rate, 2), "minutes_left": round(n_left / rate, 1) if rate else None}


def in_words(done: int, units: int, pace: Mapping[str, Any]) -> str:
    """The same of one of the two, for people."""
    rate = f" at {pace['units_per_minute']} a minute" if pace["units_per_minute"] else ""
    left = "" if pace["minutes_left"] is None else f", about {pace['minutes_left']} minutes left"
    return f"{done:,} of {units:,}{rate}{left}"
