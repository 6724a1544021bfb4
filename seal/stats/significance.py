"""Tests of paired differences, beside their intervals. Pure functions."""

from collections.abc import Sequence

RESAMPLES = 9_999
"""Up to 13 units, all sign flips are fewer, and the test is exact."""
_BATCH = 500


def sign_flip(differences: Sequence[float], clusters: Sequence[str] | None = None) -> float | None:
    """The two-sided p-value of a paired permutation test; None for fewer than two units.

    If two settings are equal, each difference could as well have the other sign. p is the share of sign flips with a
    mean at least as far from 0. Units of one cluster flip together. With 13 units or fewer p is exact, else from a
    seeded sample of flips.
    """
    import numpy as np
    from scipy import stats

    sums: dict[str, float] = {}
    for cluster, difference in zip(clusters or map(str, range(len(differences))), differences, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + difference
    if len(sums) < 2:
        return None
    found = stats.permutation_test(
        (np.array(list(sums.values())),),
        lambda flipped, axis: np.round(flipped.sum(axis=axis), 9),  # sums in another order tie
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        rng=np.random.default_rng(0),
    )
    return min(1.0, float(found.pvalue))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values of one table, adjusted for their number (Holm 1979). Unknown ones stay unknown and do not count.

    If all adjusted values below .05 are called differences, the chance of any false one is at most 5 %.
    """
    known = sorted((value, place) for place, value in enumerate(p_values) if value is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        adjusted[place] = highest
    return adjusted
