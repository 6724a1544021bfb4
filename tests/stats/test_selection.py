"""Signal and noise of a round's choice."""

import pytest

from seal.stats.selection import selection_noise
from seal.types import Failure, Invalid
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
