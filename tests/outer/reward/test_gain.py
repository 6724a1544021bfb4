"""The gain over the unadapted model."""

from seal.outer.reward.gain import Gain
from tests.values import FAILED, evaluation, tried


def test_the_reward_is_the_difference_to_the_unadapted_model_averaged_over_repeats() -> None:
    assert Gain().score(tried(evaluation("cw"), evaluation("cc"), evaluation("cw"))) == 0.25
    assert Gain().score(tried(evaluation("cc"), evaluation("ww"))) == -1.0


def test_only_queries_that_both_have_a_verdict_on_are_compared() -> None:
    assert Gain().score(tried(evaluation("?wc"), evaluation("cc?"))) == 1.0
    assert Gain().score(tried(evaluation("?"), evaluation("c"))) is None


def test_without_the_unadapted_model_nothing_is_known() -> None:
    assert Gain().score(tried(FAILED, evaluation("cc"))) is None
    assert Gain().of_unadapted(tried(FAILED)) is None
    assert Gain().of_unadapted(tried(evaluation("cw"))) == 0.0
