"""The rate and the remaining time of a run, from its progress file and log, as numbers and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from seal.base.unit_progress import UnitProgress
from seal.folder.progress import Progress, read_progress

CLOCK_FROM_S = 120
"""From this remaining time on, the end is also given as a time of day."""
_UNITS_OF_TIME = (("a second", 1), ("a minute", 60), ("an hour", 3600), ("a day", 86400))


def how_far(folder: Path, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The progress of the whole run and of its phase, each with its rate and remaining time.

    The rate counts only work that was really done, not recorded work that was read again.
    """
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
            **(_pace_within(progress) or _pace(of_phase, progress.phase_began, phase_left)),
            "within": _within(progress),
        },
    }


def _within(progress: Progress) -> dict[str, Any] | None:
    """What is being trained or written, for whoever reads JSON."""
    if progress.within is None:
        return None
    return {"units": progress.within_units, **asdict(progress.within), "words": within_words(progress.within)}


def _pace_within(progress: Progress) -> dict[str, float | None] | None:
    """Of a phase none of whose units is done: what its trainings have done so far is all there is to go by."""
    within = progress.within
    if progress.phase_done or within is None or not within.share or not within.seconds:
        return None
    done = progress.within_units * within.share
    per_minute = done / (within.seconds / 60)
    minutes_left = (progress.phase_units - done) / per_minute
    return {"units_per_minute": round(per_minute, 2), "minutes_left": round(minutes_left, 1)}


def within_words(progress: UnitProgress) -> str:
    """How far a training or a generation is, for people."""
    name = "training step" if progress.doing == "training" else "text"
    words = pace_words(progress)
    return f"{name} {progress.steps:,} of {progress.planned_steps:,}{', ' if words else ''}{words}"


def pace_words(progress: UnitProgress) -> str:
    """Tokens a second and the running loss, where they are known."""
    known = []
    if progress.tokens and progress.seconds:
        known.append(f"{progress.tokens / progress.seconds:,.0f} tokens a second")
    if progress.loss is not None:
        known.append(f"loss {progress.loss:.3f}")
    if progress.log_likelihood is not None:
        known.append(f"log-likelihood of answers {progress.log_likelihood:.2f}")
    return ", ".join(known)


def _pace(lines: Sequence[Mapping[str, Any]], since: str, n_left: int) -> dict[str, float | None]:
    """Rate and remaining time from the units done since then. Recorded units took no time and do not count."""
    fresh = [line for line in lines if since and line["time"] >= since]
    last = max((datetime.fromisoformat(line["time"]) for line in fresh), default=None)
    minutes = (last - datetime.fromisoformat(since)).total_seconds() / 60 if last else 0.0
    rate = sum(line["units"] for line in fresh) / minutes if minutes > 0 else 0.0
    return {"units_per_minute": round(rate, 2), "minutes_left": round(n_left / rate, 1) if rate else None}


def in_words(done: int, units: int, pace: Mapping[str, Any], *, at_work: bool = True) -> str:
    """The progress of a run or of a phase as text. The remaining time is left out if nobody works on it."""
    minutes = pace["minutes_left"] if at_work and done < units else None
    left_s = None if minutes is None else 60 * minutes
    return f"{done:,} of {units:,}{said(pace['units_per_minute'] / 60, left_s, datetime.now())}"


def said(units_per_s: float, left_s: float | None, now: datetime) -> str:
    """The end of a progress line: the rate, the remaining time, and the time of day when it ends."""
    rate = f", {per_time(units_per_s)}" if units_per_s > 0 else ""
    if left_s is None:
        return rate
    end = f" (till {clock(now + timedelta(seconds=left_s), now)})" if left_s >= CLOCK_FROM_S else ""
    return f"{rate}, about {lasting(left_s)} left{end}"


def per_time(units_per_s: float) -> str:
    """A rate, per the shortest time in which at least one unit is done."""
    name, seconds = next((each for each in _UNITS_OF_TIME if units_per_s * each[1] >= 1), _UNITS_OF_TIME[-1])
    rate = units_per_s * seconds
    return f"{rate:,.0f} {name}" if rate >= 10 else f"{rate:.1f} {name}"


def lasting(seconds: float) -> str:
    """A duration, in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = round(minutes / 60)
    return f"{hours // 24} d {hours % 24} h"


def clock(then: datetime, now: datetime) -> str:
    """A future time of day, with the day unless it is today."""
    days = (then.date() - now.date()).days
    return then.strftime("%H:%M" if days == 0 else "%a %H:%M" if days < 7 else "%Y-%m-%d %H:%M")
