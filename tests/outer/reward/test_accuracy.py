"""The reward of the paper."""

from seal.outer.reward.accuracy import Accuracy
from tests.values import evaluation


def test_the_reward_is_the_mean_accuracy_over_repeats() -> None:
    assert Accuracy().score(evaluation("cw"), [evaluation("cc"), evaluation("cw")], None) == 0.75


def test_answers_without_a_verdict_are_left_out() -> None:
    assert Accuracy().score(None, [evaluation("c?"), evaluation("??")], None) == 1.0


def test_nothing_known_is_no_reward() -> None:
    assert Accuracy().score(None, [evaluation("??")], None) is None
    assert Accuracy().score(None, [], None) is None


def test_a_self_edit_without_any_effect_earns_what_the_unadapted_model_does() -> None:
    assert Accuracy().of_unadapted(evaluation("cw")) == 0.5
    assert Accuracy().of_unadapted(None) is None
