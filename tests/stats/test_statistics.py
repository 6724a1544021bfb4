"""Means and their intervals."""

import numpy as np
import pytest

from seal.stats.statistics import (
    accuracy,
    chosen_out_of_bag,
    estimate,
    mean,
    minimum_detectable,
    paired_difference,
    pooled_deviation,
    sample_deviation,
)
from tests.values import evaluation


def test_accuracy_leaves_out_what_has_no_verdict() -> None:
    assert accuracy(evaluation("cw?c")) == pytest.approx(2 / 3)
    assert accuracy(evaluation("??")) is None


def test_nothing_has_no_mean() -> None:
    assert mean([]) is None
    assert estimate([]) is None


def test_the_same_values_give_the_same_interval() -> None:
    values = [0.1, 0.5, 0.9, 0.3]
    assert estimate(values) == estimate(values)


def test_a_single_value_has_no_interval() -> None:
    found = estimate([0.5])
    assert found
    assert (found.mean, found.ci95) == (0.5, None)


def test_pairing_sees_a_difference_that_the_spread_between_units_hides() -> None:
    before = [0.0, 0.2, 0.5, 0.8, 1.0]
    found = paired_difference(
        before, [value + gain for value, gain in zip(before, (0.1, 0.1, 0.1, 0.1, 0.11), strict=True)]
    )
    assert found
    assert found.mean == pytest.approx(0.102)
    assert found.ci95
    assert found.ci95[0] > 0.09


def test_units_that_resemble_each_other_in_clusters_make_the_interval_over_clusters_wider() -> None:
    random = np.random.default_rng(0)
    middles = random.uniform(size=20)
    values = np.repeat(middles, 10) + random.normal(scale=0.01, size=200)
    found = estimate(values.tolist(), clusters=[str(number // 10) for number in range(200)])
    assert found
    assert found.ci95
    assert found.ci95_clusters
    widths = [high - low for low, high in (found.ci95, found.ci95_clusters)]
    assert widths[1] == pytest.approx(widths[0] * 10**0.5, rel=0.15)


def test_where_each_unit_is_its_own_cluster_there_is_one_interval() -> None:
    found = estimate([0.1, 0.5, 0.9], clusters=["a", "b", "c"])
    assert found
    assert found.ci95_clusters is None
    assert found.ci95 == estimate([0.1, 0.5, 0.9]).ci95


def test_all_units_in_one_cluster_say_nothing_of_the_spread_between_clusters() -> None:
    found = estimate([0.1, 0.5], clusters=["a", "a"])
    assert found
    assert found.ci95_clusters is None


def test_the_interval_of_many_units_is_that_of_scipy_s_bootstrap_at_wider_percentiles() -> None:
    from scipy import stats

    sample = np.random.default_rng(1).uniform(size=50)
    tail = stats.norm.cdf(-((50 / 49) ** 0.5) * stats.t.ppf(0.975, df=49))
    expected = stats.bootstrap(
        (sample,), np.mean, method="percentile", confidence_level=1 - 2 * tail, rng=2
    ).confidence_interval
    found = estimate(sample.tolist())
    assert found
    assert found.ci95 == pytest.approx((expected.low, expected.high), abs=0.005)


def test_the_pooled_deviation_is_unbiased_for_small_groups() -> None:
    groups = np.random.default_rng(0).normal(size=(4000, 3)).tolist()
    assert pooled_deviation(groups) == pytest.approx(1.0, abs=0.02)
    assert np.mean([sample_deviation(group) for group in groups]) < 0.9
    assert pooled_deviation([[1.0], []]) is None


def test_the_minimum_detectable_difference_is_found_in_80_percent_of_studies() -> None:
    from scipy import stats

    n, deviation = 40, 0.3
    effect = minimum_detectable(deviation, n)
    assert effect
    differences = np.random.default_rng(0).normal(effect, deviation, size=(4000, n))
    power = np.mean(stats.ttest_1samp(differences, 0, axis=1).pvalue < 0.05)
    assert power == pytest.approx(0.80, abs=0.02)
    assert minimum_detectable(None, 1) is None


def test_a_setting_that_is_best_everywhere_loses_nothing_where_it_was_not_chosen() -> None:
    assert chosen_out_of_bag([[0.9] * 20, [0.1] * 20]) == pytest.approx(0.9)


def test_the_luck_of_choosing_among_equals_is_taken_off() -> None:
    tables = [(np.random.default_rng(seed).random((10, 30)) < 0.5).astype(float) for seed in range(8)]
    assert np.mean([table.mean(axis=1).max() for table in tables]) > 0.6
    assert np.mean([chosen_out_of_bag(table.tolist()) for table in tables]) == pytest.approx(0.5, abs=0.05)
    assert chosen_out_of_bag([[0.5, 0.6]]) is None
