"""Intervals cover the true mean as often as they say, also where there are few units."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from scipy import stats

from seal.stats.intervals import DIFFERENCE, FEW, SHARE, Ends, interval

WITHIN = 0.015
"""Of the promised 95 %."""
Draw = Callable[[Generator, int], np.ndarray]


def scores(random: Generator, n: int) -> np.ndarray:
    """Accuracies of contexts that differ in difficulty; their mean is .6."""
    return random.beta(3, 2, size=n)


def differences(random: Generator, n: int) -> np.ndarray:
    """Of two settings on the same contexts; their mean is .1."""
    return 0.1 + (random.beta(3, 2, size=n) - random.beta(3, 2, size=n)) / 2


def coverage(draw: Draw, mean: float, n: int, limits: Ends, *, trials: int) -> float:
    random = np.random.default_rng(n)
    found = [interval(draw(random, n).tolist(), limits=limits) for _ in range(trials)]
    return sum(ends[0] <= mean <= ends[1] for ends in found if ends) / trials


CASES = pytest.mark.parametrize(
    ("draw", "mean", "limits"), [(scores, 0.6, SHARE), (differences, 0.1, DIFFERENCE)], ids=["scores", "differences"]
)


@CASES
@pytest.mark.parametrize("n", [4, 8, 10])
def test_few_scores_and_paired_differences_are_covered_as_promised(
    draw: Draw, mean: float, limits: Ends, n: int
) -> None:
    assert coverage(draw, mean, n, limits, trials=4_000) == pytest.approx(0.95, abs=WITHIN)


@pytest.mark.slow
@CASES
@pytest.mark.parametrize("n", [20, 40])
def test_many_scores_and_paired_differences_are_covered_as_promised(
    draw: Draw, mean: float, limits: Ends, n: int
) -> None:
    assert coverage(draw, mean, n, limits, trials=1_000) == pytest.approx(0.95, abs=WITHIN)


@pytest.mark.parametrize("n", [4, 8, 10, 20, 40])
def test_shares_of_right_and_wrong_are_covered_as_promised(n: int) -> None:
    """Computed, not simulated: the mean over all true shares."""
    ends = [interval([1.0] * right + [0.0] * (n - right), limits=SHARE) for right in range(n + 1)]
    truths = (np.arange(2_000) + 0.5) / 2_000
    covers = np.array([[low <= truth <= high for low, high in ends] for truth in truths])
    chances = stats.binom.pmf(np.arange(n + 1), n, truths[:, None])  # [truths, outcomes]
    covered = (covers * chances).sum(axis=1)
    assert covered.mean() == pytest.approx(0.95, abs=WITHIN)
    assert covered.min() > 0.82


@pytest.mark.parametrize("n", [4, 8, 10, 20, 40])
def test_differences_of_right_and_wrong_are_covered_at_least_nearly_as_promised(n: int) -> None:
    def changes(random: Generator, n: int) -> np.ndarray:
        return random.choice([-1.0, 0.0, 1.0], size=n, p=[0.1, 0.6, 0.3])

    assert coverage(changes, 0.2, n, DIFFERENCE, trials=100 if n >= FEW else 1_000) > 0.95 - 2 * WITHIN


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n", [2, 4, 19, 20, 40])
def test_equal_values_have_an_interval_with_a_width_inside_the_limits(value: float, n: int) -> None:
    low, high = interval([value] * n, limits=SHARE) or (1.0, 0.0)
    assert 0 <= low <= value <= high <= 1
    assert high - low > 0.05
    assert high - low == pytest.approx(1 - n / (n + stats.norm.ppf(0.975) ** 2))


def test_an_interval_never_leaves_its_limits() -> None:
    assert interval([0.9, 1.0, 0.4], limits=SHARE) == (pytest.approx(0, abs=0.2), 1.0)
    assert interval([0.9, 1.0, -0.9], limits=DIFFERENCE) == (-1.0, 1.0)


def test_without_limits_equal_values_say_nothing_and_others_have_student_s_interval() -> None:
    assert interval([7.0, 7.0]) is None
    sample = [5.0, 9.0, 10.0, 12.0]
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert interval(sample) == pytest.approx((expected.low, expected.high))


def test_few_clusters_of_equal_size_have_student_s_interval_over_their_means() -> None:
    expected = interval([0.2, 0.4, 0.9])
    assert interval([0.1, 0.3, 0.3, 0.5, 0.8, 1.0], clusters=list("aabbcc")) == pytest.approx(expected)


def test_a_single_unit_or_cluster_has_no_interval() -> None:
    assert interval([0.5], limits=SHARE) is None
    assert interval([0.5, 0.7], clusters=["a", "a"], limits=SHARE) is None
