"""Means with their intervals, and minimum detectable differences. Pure functions. Every number comes with its n."""

from collections.abc import Sequence
from dataclasses import dataclass

from seal.stats.intervals import BLOCK, DIFFERENCE, LEVEL, RESAMPLES, Ends, interval
from seal.types import Evaluation

POWER = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over units with its intervals."""

    mean: float
    ci95: tuple[float, float] | None
    """Over units; None for a single unit, which has no spread."""
    ci95_clusters: tuple[float, float] | None
    """Over clusters, because units of a cluster resemble each other. None if each unit is its own cluster."""
    n: int
    deviation: float | None
    """Sample standard deviation of the units; None for a single unit."""


def accuracy(evaluation: Evaluation) -> float | None:
    """The mean score of the answers with a verdict; None if there is none. For right/wrong it is the share correct."""
    known = [score for verdict in evaluation.verdicts if (score := verdict.score) is not None]
    return sum(known) / len(known) if known else None


def mean(values: Sequence[float]) -> float | None:
    """The mean; None for an empty sequence."""
    return sum(values) / len(values) if values else None


def comparable(value: float | None) -> float:
    """A mean, rounded so that sums in a different order compare as equal. None counts as 0."""
    return round(value or 0.0, 9)


def sample_deviation(values: Sequence[float]) -> float | None:
    """The standard deviation with n − 1 in the denominator; None for fewer than two values."""
    if len(values) < 2:
        return None
    middle = sum(values) / len(values)
    return float((sum((value - middle) ** 2 for value in values) / (len(values) - 1)) ** 0.5)


def pooled_deviation(groups: Sequence[Sequence[float]]) -> float | None:
    """The deviation within groups: the root of the mean of their variances, weighted by degrees of freedom.

    A mean of deviations would be biased towards 0 for small groups; this is not. None if no group has two values.
    """
    freedom = sum(len(group) - 1 for group in groups if len(group) > 1)
    if not freedom:
        return None
    squares = sum((len(group) - 1) * (sample_deviation(group) or 0.0) ** 2 for group in groups)
    return float((squares / freedom) ** 0.5)


def estimate(
    values: Sequence[float], clusters: Sequence[str] | None = None, *, limits: Ends | None = None
) -> Estimate | None:
    """The mean of units with its 95 % intervals, as `seal.stats.intervals` makes them; None if there are no units.

    `clusters` names the cluster of each unit. `limits` are the least and the greatest possible value of a unit.
    """
    if not values:
        return None
    several = clusters is not None and len(set(clusters)) < len(clusters)
    return Estimate(
        mean=sum(map(float, values)) / len(values),
        ci95=interval(values, limits=limits),
        ci95_clusters=interval(values, clusters, limits) if several else None,
        n=len(values),
        deviation=sample_deviation(values),
    )


def paired_difference(
    first: Sequence[float], second: Sequence[float], clusters: Sequence[str] | None = None
) -> Estimate | None:
    """The mean of second minus first over the same units, with its intervals. Both are scores from 0 to 1."""
    differences = [later - earlier for earlier, later in zip(first, second, strict=True)]
    return estimate(differences, clusters, limits=DIFFERENCE)


def chosen_out_of_bag(scores: Sequence[Sequence[float]]) -> float | None:
    """The score of the best of several settings on units that were not used to choose it.

    `scores` has a row per setting and a column per unit; None for fewer than two of either. The best mean of several
    settings is biased upwards. So the best setting is chosen on a bootstrap sample of units, and scored on the units
    left out, many times (bootstrap bias correction, Tsamardinos, Greasidou and Borboudakis 2018). The resampling is
    seeded.
    """
    import numpy as np

    if len(scores) < 2 or len(scores[0]) < 2:
        return None
    table = np.array(scores, dtype=float)  # [settings, units]
    n_units = table.shape[1]
    random = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES // BLOCK):
        counts = random.multinomial(n_units, [1 / n_units] * n_units, size=BLOCK)  # [resamples, units]
        left_out = counts == 0
        some = left_out.any(axis=1)
        chosen = (counts[some] @ table.T).argmax(axis=1)  # [resamples]
        asked = (table[chosen] * left_out[some]).sum(axis=1) / left_out[some].sum(axis=1)
        found.append(asked)
    return float(np.concatenate(found).mean())


def minimum_detectable(deviation: float | None, n: int) -> float | None:
    """The mean difference that 80 % of studies with n pairs would detect. `deviation` is that of the differences.

    For a two-sided paired t-test at 5 %, by the usual approximation: (t at .975 + t at .80) · deviation / √n.
    """
    if deviation is None or n < 2:
        return None
    from scipy import stats

    quantiles = stats.t.ppf([(1 + LEVEL) / 2, POWER], df=n - 1)
    return float(quantiles.sum() * deviation / n**0.5)
