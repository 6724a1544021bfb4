"""Means and their intervals."""

import numpy as np
import pytest

from seal.statistics import accuracy, estimate, mean, paired_difference
from tests.values import evaluation


def test_accuracy_leaves_out_what_has_no_verdict() -> None:
    assert accuracy(evaluation("cw?c")) == pytest.approx(2 / 3)
    assert accuracy(evaluation("??")) is None


def test_nothing_has_no_mean() -> None:
    assert mean([]) is None
    assert estimate([]) is None


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = estimate(random.uniform(size=40).tolist())
        assert found
        assert found.ci95
        covered += found.ci95[0] <= 0.5 <= found.ci95[1]
    assert 180 <= covered <= 199


def test_the_same_values_give_the_same_interval() -> None:
    values = [0.1, 0.5, 0.9, 0.3]
    assert estimate(values) == estimate(values)


def test_a_single_value_has_no_interval() -> None:
    found = estimate([0.5])
    assert found
    assert (found.mean, found.ci95) == (0.5, None)


def test_equal_values_have_an_interval_without_width() -> None:
    found = estimate([0.5, 0.5, 0.5])
    assert found
    assert found.ci95 == (0.5, 0.5)


def test_pairing_sees_a_difference_that_the_spread_between_units_hides() -> None:
    before = [0.0, 0.2, 0.5, 0.8, 1.0]
    found = paired_difference(before, [value + 0.1 for value in before])
    assert found
    assert found.mean == pytest.approx(0.1)
    assert found.ci95[0] > 0.09
