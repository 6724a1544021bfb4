"""The gain over the unadapted model."""

from seal.outer.reward.gain import Gain
from tests.values import evaluation


def test_the_reward_is_the_difference_to_the_unadapted_model_averaged_over_repeats() -> None:
    assert Gain().score(evaluation("cw"), [evaluation("cc"), evaluation("cw")], None) == 0.25
    assert Gain().score(evaluation("cc"), [evaluation("ww")], None) == -1.0


def test_only_queries_that_both_have_a_verdict_on_are_compared() -> None:
    assert Gain().score(evaluation("?wc"), [evaluation("cc?")], None) == 1.0
    assert Gain().score(evaluation("?"), [evaluation("c")], None) is None


def test_without_the_unadapted_model_nothing_is_known() -> None:
    assert Gain().score(None, [evaluation("cc")], None) is None
    assert Gain().of_unadapted(None) is None
    assert Gain().of_unadapted(evaluation("cw")) == 0.0
