"""The inner loop that does nothing."""

from seal.inner import Adapted
from seal.inner.none import NoAdaptation
from tests.inner.test_lora import PLANS, SEEDS
from tests.models import tiny_backbone


def test_every_plan_leaves_the_model_unadapted() -> None:
    outcomes = NoAdaptation().adapt(tiny_backbone(), PLANS, SEEDS)
    assert outcomes == [Adapted(adapter=None, training=None)] * 3 or all(
        isinstance(outcome, Adapted) and outcome.adapter is None for outcome in outcomes
    )
