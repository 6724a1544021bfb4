"""The winner's curse: the kept self-edits at choice, and again."""

from dataclasses import replace

import pytest

from seal.stats.retrying import retried
from tests.values import attempt


def test_the_rewards_of_kept_self_edits_are_compared_with_those_of_fresh_trainings() -> None:
    attempts = [attempt("a", 0, 1.0), attempt("a", 1, 0.2), attempt("b", 0, 0.8), attempt("b", 1, 0.8)]
    again = [replace(one, reward=reward) for one, reward in zip(attempts[::2], (0.6, 0.6), strict=True)]
    again += [replace(attempts[3], reward=0.4)]
    found = retried(attempts, again, repeats=2, limits=(0.0, 1.0))
    assert found
    assert (found.n_self_edits, found.n_repeats) == (3, 2)
    assert found.reward_at_choice == pytest.approx((1.0 + 0.8) / 2)
    assert found.reward_again == pytest.approx((0.6 + 0.5) / 2)
    assert found.difference == pytest.approx(-0.35)
    assert found.ci95
    assert found.ci95[0] < -0.35 < found.ci95[1]


def test_what_failed_or_was_never_kept_is_not_compared() -> None:
    attempts = [attempt("a", 0, 1.0)]
    assert retried(attempts, [replace(attempts[0], reward=None)], repeats=1) is None
    assert retried(attempts, [], repeats=1) is None
