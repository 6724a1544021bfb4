"""Means with their intervals. Pure; every number comes with its n."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from seal.types import Evaluation, Grade

RESAMPLES = 10_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over independent units with its bootstrap interval."""

    mean: float
    ci95: tuple[float, float] | None
    """None for a single unit, which says nothing of the spread."""
    n: int


def accuracy(evaluation: Evaluation) -> float | None:
    """The share of correct answers among those with a verdict; None without any."""
    known = [verdict.grade for verdict in evaluation.verdicts if verdict.grade is not Grade.UNKNOWN]
    return sum(grade is Grade.CORRECT for grade in known) / len(known) if known else None


def mean(values: Sequence[float]) -> float | None:
    """The mean, or None of nothing."""
    return sum(values) / len(values) if values else None


def deviation(values: Sequence[float]) -> float | None:
    """The sample standard deviation (n - 1 in the denominator); None for fewer than two."""
    return stdev(values) if len(values) > 1 else None


def estimate(values: Sequence[float]) -> Estimate | None:
    """The mean of independent values with a 95 % percentile bootstrap interval; None of nothing.

    The resampling is seeded, so the same values give the same interval. Of a few values it is too narrow, and where all
    are equal it has no width.
    """
    if not values:
        return None
    if len(values) == 1:
        return Estimate(mean=float(values[0]), ci95=None, n=1)
    import numpy as np
    from scipy import stats

    sample = np.asarray(values, dtype=float)
    if np.ptp(sample) == 0:
        return Estimate(mean=float(sample[0]), ci95=(float(sample[0]), float(sample[0])), n=len(sample))
    interval = stats.bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, confidence_level=LEVEL, method="percentile", rng=0
    ).confidence_interval
    return Estimate(mean=float(sample.mean()), ci95=(float(interval.low), float(interval.high)), n=len(sample))


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Estimate | None:
    """How much higher the second is than the first on the same units, with its interval."""
    return estimate([later - earlier for earlier, later in zip(first, second, strict=True)])
