"""ReST-EM: what is kept, and that the policy learns it."""

import pytest

from seal.config import loading
from seal.outer.rest_em import ReSTEM
from seal.types import Attempt, Invalid
from tests.values import attempt, evaluation


def rest_em(*overrides: str) -> ReSTEM:
    run, _ = loading.load(["outer=rest_em", *(f"outer.{override}" for override in overrides)])
    assert isinstance(run.outer, ReSTEM)
    return run.outer


def kept(attempts: list[Attempt], *overrides: str) -> list[tuple[str, int]]:
    return [(one.attempt.context.id, one.attempt.self_edit.index) for one in rest_em(*overrides).lessons(attempts)]


def test_the_best_of_each_context_is_kept_in_the_order_given() -> None:
    attempts = [attempt("b", 0, 0.5), attempt("b", 1, 1.0), attempt("a", 0, 0.5), attempt("a", 1, 0.0)]
    assert kept(attempts) == [("b", 1), ("a", 0)]


def test_contexts_whose_best_edit_does_not_beat_the_unadapted_model_are_skipped() -> None:
    attempts = [attempt("a", 0, 0.5, baseline="cw"), attempt("b", 0, 1.0, baseline="cw")]
    assert kept(attempts) == [("b", 0)]
    assert kept(attempts, "must_beat_unadapted=false") == [("a", 0), ("b", 0)]


@pytest.mark.parametrize(("ties", "expected"), [("all", [0, 1, 2]), ("first", [0]), ("shortest", [2])])
def test_ties_keep_all_or_the_first_or_the_shortest(ties: str, expected: list[int]) -> None:
    attempts = [
        attempt("a", 0, 1.0, text="long"),
        attempt("a", 1, 1.0, text="longer"),
        attempt("a", 2, 1.0, text="s"),
        attempt("a", 3, 0.5),
    ]
    assert [index for _, index in kept(attempts, f"ties={ties}")] == expected


def test_rewards_that_differ_by_rounding_alone_tie() -> None:
    attempts = [attempt("a", 0, 0.1 + 0.2), attempt("a", 1, 0.3)]
    assert kept(attempts, "must_beat_unadapted=false") == [("a", 0), ("a", 1)]


def test_more_than_one_can_be_kept() -> None:
    attempts = [attempt("a", index, index / 10) for index in range(1, 5)]
    assert kept(attempts, "keep=2") == [("a", 3), ("a", 4)]


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([0.9, 0.5, 0.5, 0.1], []),
        ([0.52, 0.5, 0.3, 0.1], [0, 1]),
        ([0.5, 0.5, 0.47, 0.1], [0, 1, 2]),
        ([0.5], []),
        ([None, 0.5, 0.5], [1, 2]),
    ],
)
def test_undecided_are_those_near_a_border_that_is_narrow(rewards: list[float | None], expected: list[int]) -> None:
    attempts = [
        attempt("a", index, reward, evaluations=(evaluation("c"),) if reward is not None else ())
        for index, reward in enumerate(rewards)
    ]
    assert rest_em("close=0.05").undecided(attempts) == [f"a/{index}" for index in expected]


def test_unknown_rewards_and_empty_texts_are_never_kept() -> None:
    assert kept([attempt("a", 0, None), attempt("a", 1, 1.0, text=" \n")]) == []


def test_a_self_edit_that_trained_nothing_is_never_kept() -> None:
    attempts = [attempt("a", 0, 0.0, plan=Invalid(reason="empty"))]
    assert kept(attempts, "must_beat_unadapted=false") == []


def test_a_gain_over_an_unknown_baseline_is_not_shown() -> None:
    attempts = [attempt("a", 0, 1.0, baseline="??")]
    assert kept(attempts) == []
    assert kept(attempts, "must_beat_unadapted=false") == [("a", 0)]
