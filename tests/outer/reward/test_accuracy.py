"""The reward of the paper."""

from seal.outer.reward.accuracy import Accuracy
from tests.values import evaluation


def test_the_reward_is_the_mean_accuracy_over_repeats() -> None:
    assert Accuracy().score(evaluation("cw"), [evaluation("cc"), evaluation("cw")]) == 0.75


def test_answers_without_a_verdict_are_left_out() -> None:
    assert Accuracy().score(None, [evaluation("c?"), evaluation("??")]) == 1.0


def test_nothing_known_is_no_reward() -> None:
    assert Accuracy().score(None, [evaluation("??")]) is None
    assert Accuracy().score(None, []) is None
