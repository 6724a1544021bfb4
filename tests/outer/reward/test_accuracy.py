"""The reward of the paper."""

from seal.outer.reward.accuracy import Accuracy
from tests.values import FAILED, evaluation, tried


def test_the_reward_is_the_mean_accuracy_over_repeats() -> None:
    assert Accuracy().score(tried(evaluation("cw"), evaluation("cc"), evaluation("cw"))) == 0.75


def test_answers_without_a_verdict_are_left_out() -> None:
    assert Accuracy().score(tried(FAILED, evaluation("c?"), evaluation("??"))) == 1.0


def test_nothing_known_is_no_reward() -> None:
    assert Accuracy().score(tried(FAILED, evaluation("??"))) is None
    assert Accuracy().score(tried(FAILED)) is None


def test_a_self_edit_without_any_effect_earns_what_the_unadapted_model_does() -> None:
    assert Accuracy().of_unadapted(tried(evaluation("cw"))) == 0.5
    assert Accuracy().of_unadapted(tried(FAILED)) is None
