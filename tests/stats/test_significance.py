"""Tests of paired differences, and what becomes of them where there are many."""

import numpy as np
import pytest
from scipy import stats

from seal.stats.significance import holm, sign_flip


def test_with_few_units_every_sign_flip_counts() -> None:
    assert sign_flip([0.1, 0.2, 0.3]) == pytest.approx(2 / 8)
    assert sign_flip([0.1, 0.2, 0.3, -0.6]) == pytest.approx(1.0)
    assert sign_flip([1.0] * 10) == pytest.approx(2 / 2**10)


def test_sums_that_differ_by_rounding_are_ties() -> None:
    assert sign_flip([0.1, 0.2, -0.3]) == pytest.approx(1.0)
    assert sign_flip([0.3, 0.1, -0.1]) == sign_flip([0.75, 0.25, -0.25])


def test_no_difference_anywhere_is_no_evidence_and_one_unit_is_no_test() -> None:
    assert sign_flip([0.0, 0.0, 0.0]) == 1.0
    assert sign_flip([0.5]) is None
    assert sign_flip([]) is None


def test_units_of_one_cluster_flip_together() -> None:
    assert sign_flip([0.1] * 6, clusters=list("aabbcc")) == pytest.approx(2 / 8)
    assert sign_flip([0.1, 0.2], clusters=["a", "a"]) is None


def test_many_units_are_sampled_and_the_same_ones_give_the_same_p() -> None:
    sample = np.random.default_rng(0).normal(0.15, 0.5, size=60).tolist()
    found = sign_flip(sample)
    assert found == sign_flip(sample)
    assert found == pytest.approx(stats.ttest_1samp(sample, 0).pvalue, abs=0.01)


def test_equal_settings_are_told_apart_in_one_of_twenty_cases() -> None:
    random = np.random.default_rng(0)
    found = [sign_flip(random.normal(size=8).tolist()) or 1.0 for _ in range(800)]
    assert np.mean([p <= 0.05 for p in found]) == pytest.approx(0.05, abs=0.02)


def test_holm_s_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.02, None, 0.9]) == [0.04, None, 0.9]
    assert holm([0.7, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
