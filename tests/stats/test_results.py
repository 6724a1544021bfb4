"""The table: what counts, and what is only counted."""

from dataclasses import replace

import pytest

from seal.outer.reward.accuracy import Accuracy
from seal.stats.measurement import Measurement, adjusted, compare, compare_scores, of_attempts
from seal.stats.results import shares, summarize
from seal.types import Failure, Invalid, Policy, Round, Update
from tests.values import attempt, evaluation

N = {"a": 2, "b": 2}


def measured(**outcomes: list[object]) -> Measurement:
    """Each outcome is a training of its own."""
    apart = {context: [[one] for one in found] for context, found in outcomes.items()}
    return Measurement(setting="x", outcomes=apart, n_queries=N)  # type: ignore[arg-type]


def test_the_accuracy_is_the_mean_over_contexts_and_not_over_answers() -> None:
    row = measured(a=[evaluation("cc"), evaluation("cc"), evaluation("cc")], b=[evaluation("ww")]).row()
    assert row.accuracy == 0.5
    assert (row.n_contexts, row.n_queries, row.n_answers, row.n_unknown) == (2, 4, 8, 0)


def test_unknown_answers_are_left_out_and_counted() -> None:
    row = measured(a=[evaluation("c?")], b=[evaluation("??")]).row()
    assert (row.accuracy, row.n_contexts, row.n_unknown) == (1.0, 1, 3)


def test_a_failed_training_is_no_score_and_its_answers_are_unknown() -> None:
    row = measured(a=[evaluation("cc"), Failure(reason="broke")]).row()
    assert (row.accuracy, row.n_failed, row.n_unknown) == (1.0, 1, 2)


def test_an_invalid_self_edit_scores_nothing_and_is_counted() -> None:
    row = measured(a=[evaluation("cc"), Invalid(reason="empty")]).row()
    assert (row.accuracy, row.n_invalid) == (0.5, 1)


def test_where_nothing_can_be_graded_an_invalid_self_edit_is_no_0() -> None:
    found = Measurement(setting="x", outcomes={"a": [[Invalid(reason="empty")]]}, n_queries={"a": 0})
    assert (found.by_context(), found.row().accuracy) == ({}, None)


def test_nothing_known_is_no_accuracy() -> None:
    row = measured(a=[Failure(reason="broke")]).row()
    assert (row.accuracy, row.ci95) == (None, None)


def test_settings_are_compared_on_the_contexts_they_share() -> None:
    first, second = measured(a=[evaluation("ww")], b=[evaluation("cc")]), measured(a=[evaluation("cw")])
    found = compare(first, second)
    assert found
    assert (found.difference, found.n_contexts) == (0.5, 1)
    assert compare(measured(a=[evaluation("cc")]), measured(b=[evaluation("cc")])) is None


def test_self_edits_count_the_same_however_often_they_were_tried_or_failed() -> None:
    attempts = [
        attempt("a", 0, 1.0, evaluations=(evaluation("cc"), evaluation("cc"), evaluation("cw"))),
        attempt("a", 1, 0.0, plan=Invalid(reason="empty")),
        attempt("a", 2, 0.0, evaluations=(evaluation("ww"), Failure(reason="broke"), Failure(reason="broke"))),
        attempt("a", 3, None, evaluations=(Failure(reason="broke"),) * 3),
    ]
    row = of_attempts("x", attempts).row()
    assert row.accuracy == pytest.approx((5 / 6 + 0 + 0) / 3)
    assert (row.n_answers, row.n_invalid, row.n_failed) == (8, 1, 5)


def test_a_round_is_summarized_without_taking_failures_for_scores() -> None:
    attempts = (
        attempt("a", 0, 0.5),
        attempt("a", 1, 1.0),
        attempt("b", 0, None, evaluations=(Failure(reason="broke"),)),
        attempt("b", 1, 0.0, plan=Invalid(reason="empty")),
    )
    policy = Policy(round=0)
    update = Update(round=1, kept=("a/1",), losses=(1.0,), weights="policies/round_1", sha256="0")
    summary = summarize(Round(index=0, policy=policy, attempts=attempts, update=update, next=Policy(round=1)))
    assert (summary.n_attempts, summary.n_kept, summary.n_invalid, summary.n_failed) == (4, 1, 1, 1)
    assert (summary.mean_reward, summary.best_reward) == (0.375, 0.5)


def test_extra_repeats_of_undecided_self_edits_do_not_change_the_mean_reward() -> None:
    """They go to self-edits near the border, and so would pull it down."""
    right, wrong = evaluation("cc"), evaluation("ww")
    attempts = (
        attempt("a", 0, 1.0, evaluations=(right,)),
        attempt("a", 1, 1 / 3, evaluations=(right, wrong, wrong)),
    )
    update = Update(round=1, kept=(), losses=(), weights=None, sha256=None)
    turn = Round(index=0, policy=Policy(round=0), attempts=attempts, update=update, next=Policy(round=1))
    found = summarize(turn, score=Accuracy().score, repeats=1, limits=(0.0, 1.0))
    assert (found.mean_reward, found.best_reward, found.best_reward_left_out) == (1.0, 1.0, None)
    assert summarize(turn).mean_reward == pytest.approx(2 / 3)


def test_a_round_that_suppressed_self_edits_counts_them_apart_and_was_not_idle() -> None:
    attempts = tuple(attempt("a", index, index / 2) for index in range(3))
    signed = {"a/2": 0.5, "a/0": -0.5}
    update = Update(round=1, kept=("a/2",), losses=(1.0,), weights="policies/round_1", sha256="0", signed=signed)
    turn = Round(index=0, policy=Policy(round=0), attempts=attempts, update=update, next=Policy(round=1))
    summary = summarize(turn)
    assert (summary.n_kept, summary.n_suppressed, summary.is_idle) == (1, 1, False)
    assert summary.metrics()["round/suppressed"] == 1
    only_down = summarize(replace(turn, update=replace(update, kept=(), signed={"a/0": -0.5})))
    assert (only_down.n_kept, only_down.is_idle) == (0, False)
    nothing = summarize(replace(turn, update=replace(update, kept=(), signed={})))
    assert nothing.is_idle
    assert "round/suppressed" not in nothing.metrics()


def test_the_differences_of_a_table_have_p_values_adjusted_for_their_number() -> None:
    names = [f"context_{number}" for number in range(6)]
    scores = [dict.fromkeys(names, share) for share in (0.0, 0.5, 0.6)]
    found = adjusted(
        one for later in scores[1:] if (one := compare_scores(("first", scores[0]), ("second", later), {}))
    )
    assert [one.p_value for one in found] == pytest.approx([2 / 2**6] * 2)
    assert [one.p_holm for one in found] == pytest.approx([4 / 2**6] * 2)


def test_shares_add_up_to_one() -> None:
    assert shares("aab") == {"a": 2 / 3, "b": 1 / 3}
    assert shares("") == {}
