"""Variation between whole runs: the same numbers of several runs that differ only in their seed. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from seal.stats.intervals import DIFFERENCE, SHARE
from seal.stats.statistics import estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OverRuns:
    """The accuracy of a setting, or a paired difference, with one value per run."""

    first: str | None
    """The setting that is subtracted; None for an accuracy."""
    second: str
    values: tuple[float, ...]
    """One per run."""
    mean: float
    deviation: float | None
    """Sample standard deviation between runs; None for one run."""
    ci95: tuple[float, float] | None
    """Of the mean, with runs as the units: it holds data, sampling and training. None for one run."""


def over_runs(second: str, values: Sequence[float], *, first: str | None = None) -> OverRuns | None:
    """The mean over runs with its interval; None for no run."""
    found = estimate(values, limits=SHARE if first is None else DIFFERENCE)
    if found is None:
        return None
    return OverRuns(
        first=first,
        second=second,
        values=tuple(values),
        mean=found.mean,
        deviation=found.deviation,
        ci95=found.ci95,
    )
