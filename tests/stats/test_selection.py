"""Signal and noise of a round's choice."""

from dataclasses import replace

import numpy as np
import pytest

from seal.outer.reward.accuracy import Accuracy
from seal.stats.selection import best_left_out, selection_noise
from seal.types import Attempt, Failure, Invalid
from tests.values import attempt, evaluation


def test_the_spread_over_edits_and_over_repeats_are_told_apart() -> None:
    steady = [
        attempt("a", index, reward, evaluations=(evaluation(grades),) * 2)
        for index, (reward, grades) in enumerate([(1.0, "cc"), (0.0, "ww")])
    ]
    found = selection_noise(steady)
    assert found.deviation_over_edits == pytest.approx(0.5**0.5)
    assert found.deviation_over_repeats == 0.0
    lucky = [attempt("a", 0, 0.5, evaluations=(evaluation("cc"), evaluation("ww")))] * 2
    found = selection_noise(lucky)
    assert (found.deviation_over_edits, found.deviation_over_repeats) == (0.0, pytest.approx(0.5**0.5))
    assert (found.deviation_by_chance, found.reliability) == (pytest.approx(0.5), None)


def rated(shares: np.ndarray) -> list[Attempt]:
    """Attempts at one context from the number of right answers of four: a row a self-edit, a column a repeat."""
    return [
        attempt("a", index, float(row.mean()) / 4, evaluations=tuple(evaluation("c" * n + "w" * (4 - n)) for n in row))
        for index, row in enumerate(shares)
    ]


def test_self_edits_that_are_equally_good_deviate_as_much_as_chance_says_and_are_not_reliable() -> None:
    random = np.random.default_rng(0)
    found = selection_noise(rated(random.binomial(4, 0.5, size=(400, 3))))
    assert found.deviation_over_edits == pytest.approx(found.deviation_by_chance, rel=0.1)
    assert found.reliability == pytest.approx(0, abs=0.15)


def test_the_reliability_is_the_share_of_the_variance_that_is_not_chance() -> None:
    random = np.random.default_rng(0)
    truths = random.choice([0.2, 0.8], size=(2_000, 1))  # variance .09 between self-edits, .04 within, over 2 repeats
    found = selection_noise(rated(random.binomial(4, truths, size=(2_000, 2))))
    assert found.deviation_by_chance == pytest.approx(0.02**0.5, rel=0.05)
    assert found.reliability == pytest.approx(0.09 / (0.09 + 0.02), abs=0.02)


def test_extra_repeats_are_left_out_of_the_deviations() -> None:
    shares = np.array([[4, 0], [2, 2]])
    more = [replace(one, evaluations=(*one.evaluations, evaluation("cccc"))) for one in rated(shares)]
    assert selection_noise(more, repeats=2) == selection_noise(rated(shares))


def test_the_best_without_luck_is_chosen_on_other_repeats_than_those_that_reward_it() -> None:
    shares = np.array([[4, 0], [2, 2]])
    assert best_left_out(rated(shares), Accuracy().score, repeats=2) == pytest.approx((0.0 + 0.5) / 2)
    assert best_left_out(rated(shares), Accuracy().score, repeats=1) is None
    assert best_left_out([attempt("a", 0, 7.0)], lambda one: 7.0, repeats=2) is None


def test_the_luck_of_choosing_among_equals_is_taken_off_the_best() -> None:
    random = np.random.default_rng(0)
    rounds = [rated(random.binomial(4, 0.5, size=(5, 3))) for _ in range(200)]
    best = [max(one.reward or 0.0 for one in attempts) for attempts in rounds]
    without = [best_left_out(attempts, Accuracy().score, repeats=3) for attempts in rounds]
    assert np.mean(best) > 0.64
    assert np.mean(without) == pytest.approx(0.5, abs=0.02)


def test_an_invalid_self_edit_competes_with_0_and_a_failed_repeat_not_at_all() -> None:
    attempts = [
        attempt("a", 0, 0.0, plan=Invalid(reason="empty")),
        attempt("a", 1, 1.0, evaluations=(evaluation("cc"), Failure(reason="broke"))),
    ]
    assert best_left_out(attempts, lambda one: 0.0 if isinstance(one.plan, Invalid) else 1.0, repeats=2) is not None
    assert best_left_out(attempts[:1], lambda one: 0.0, repeats=2) == 0.0


def test_ties_at_the_top_and_best_edits_that_gain_nothing_are_counted() -> None:
    attempts = [
        attempt("a", 0, 1.0, baseline="ww", evaluations=(evaluation("cc"),)),
        attempt("a", 1, 1.0, baseline="ww", evaluations=(evaluation("cc"),)),
        attempt("b", 0, 0.5, baseline="cw", evaluations=(evaluation("cw"),)),
        attempt("b", 1, 0.0, baseline="cw", evaluations=(evaluation("ww"),)),
        attempt("c", 0, 0.5, baseline="??", evaluations=(evaluation("cw"),)),
    ]
    found = selection_noise(attempts)
    assert (found.n_contexts, found.n_tied_at_top, found.n_best_not_better, found.n_best_unknown) == (3, 1, 1, 1)


def test_a_best_self_edit_that_nobody_tried_is_not_said_to_be_no_better() -> None:
    untried = [attempt("a", 0, 0.9, baseline="cw", evaluations=()), attempt("a", 1, 0.1, baseline="cw", evaluations=())]
    found = selection_noise(untried)
    assert (found.n_contexts, found.n_best_not_better, found.n_best_unknown) == (1, 0, 1)
    invalid = [attempt("a", 0, 0.0, baseline="cw", plan=Invalid(reason="empty"), evaluations=())]
    assert selection_noise(invalid).n_best_not_better == 1


def test_failures_and_invalid_self_edits_are_no_spread() -> None:
    attempts = [
        attempt("a", 0, None, evaluations=(Failure(reason="broke"),)),
        attempt("a", 1, 0.0, plan=Invalid(reason="empty")),
    ]
    found = selection_noise(attempts)
    assert (found.deviation_over_edits, found.deviation_over_repeats) == (None, None)
    assert selection_noise([]).n_contexts == 0
