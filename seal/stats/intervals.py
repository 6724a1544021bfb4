"""95 % intervals of a mean that hold at small n. Pure functions.

| units | method |
|---|---|
| each 0 or 1, of an accuracy, without clusters | Wilson's score interval (1927), at any n |
| all equal, with limits | a share of Wilson's lower bound has this value, and the rest may lie at a limit |
| fewer than 20 | Student's t |
| 20 and more | percentile bootstrap, its percentiles widened for small n (Hesterberg, arXiv 1411.5279) |

Percentiles of a bootstrap alone are too narrow at small n: at n = 4, a 95 % interval covers the mean in 84 % of cases.
"""

from collections.abc import Sequence
from functools import cache
from itertools import groupby

RESAMPLES, BLOCK = 10_000, 500
LEVEL = 0.95
FEW = 20
"""Below so many units, the interval is Student's t."""

Ends = tuple[float, float]
SHARE: Ends = (0.0, 1.0)
"""The limits of an accuracy, or of another score."""
DIFFERENCE: Ends = (-1.0, 1.0)
"""The limits of the difference of two scores."""


def interval(values: Sequence[float], clusters: Sequence[str] | None = None, limits: Ends | None = None) -> Ends | None:
    """The 95 % interval of the mean of units, or over whole clusters of units that resemble each other.

    `limits` are the least and the greatest possible value of a unit; no interval leaves them. None for a single unit
    or cluster, and for equal values without limits: they say nothing about the spread.
    """
    groups = _grouped(values, clusters or [str(number) for number in range(len(values))])
    if len(groups) < 2:
        return None
    means = [sum(group) / len(group) for group in groups]
    if max(means) - min(means) < 1e-9:
        found = _of_equal(means[0], len(groups), limits) if limits else None
    elif limits == SHARE and len(groups) == len(values) and set(values) <= {0, 1}:
        found = _wilson(round(sum(values)), len(values))
    else:
        found = (_student if len(groups) < FEW else _bootstrap)(groups)
    return _clipped(found, sum(values) / len(values), limits) if found else None


def _grouped(values: Sequence[float], clusters: Sequence[str]) -> list[list[float]]:
    pairs = sorted(zip(clusters, values, strict=True), key=lambda pair: pair[0])
    return [[float(value) for _, value in group] for _, group in groupby(pairs, key=lambda pair: pair[0])]


def _clipped(ends: Ends, middle: float, limits: Ends | None) -> Ends:
    """The ends inside the limits, with the mean between them whatever the rounding."""
    lowest, highest = limits or (float("-inf"), float("inf"))
    return min(max(ends[0], lowest), middle), max(min(ends[1], highest), middle)


@cache
def _wilson(n_right: int, n: int) -> Ends:
    """Closer to 95 % on average over all shares than Clopper and Pearson's interval, which covers 97 to 99 %."""
    from scipy import stats

    found = stats.binomtest(n_right, n).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def _of_equal(value: float, n: int, limits: Ends) -> Ends:
    """For 0 and 1 within the limits of a share, this is Wilson's interval."""
    agreed, _ = _wilson(n, n)
    return agreed * value + (1 - agreed) * limits[0], agreed * value + (1 - agreed) * limits[1]


def _student(groups: Sequence[Sequence[float]]) -> Ends:
    """Student's t over clusters. Clusters of different sizes have the usual linearized error of a ratio."""
    n_groups, n = len(groups), sum(map(len, groups))
    middle = sum(map(sum, groups)) / n
    squares = sum((sum(group) - len(group) * middle) ** 2 for group in groups)
    error = (n_groups / (n_groups - 1) * squares) ** 0.5 / n
    margin = _quantile(n_groups - 1) * error
    return middle - margin, middle + margin


@cache
def _quantile(freedom: int) -> float:
    """Of Student's t."""
    from scipy import stats

    return float(stats.t.ppf((1 + LEVEL) / 2, df=freedom))


def _bootstrap(groups: Sequence[Sequence[float]]) -> Ends:
    """Percentiles of the mean if whole clusters are drawn with replacement. The same groups give the same ends."""
    import numpy as np

    sums, sizes = np.array([sum(group) for group in groups]), np.array([len(group) for group in groups])
    random = np.random.default_rng(0)
    blocks = (random.integers(len(groups), size=(BLOCK, len(groups))) for _ in range(RESAMPLES // BLOCK))
    means = np.concatenate([sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1) for drawn in blocks])
    low, high = np.quantile(means, _widened(len(groups)))
    return float(low), float(high)


def _widened(n: int) -> Ends:
    """The percentiles at which a bootstrap of n units is as wide as Student's t."""
    from scipy import stats

    tail = float(stats.norm.cdf(-((n / (n - 1)) ** 0.5) * _quantile(n - 1)))
    return tail, 1 - tail
