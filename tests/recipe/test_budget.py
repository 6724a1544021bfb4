"""Passages that are trained for as long as their self-edits: the budget becomes optimizer steps where one trains."""

from random import Random

import pytest

from seal.config import loading
from seal.inner import Adapted, Inner
from seal.nn.backbone import Backbone
from seal.recipe.budget import Budgeted, Spent, joined, lasting, with_budget_of
from seal.types import Invalid, Plan, Training, TrainingSequence
from tests.models import random_backbone

PASSAGES = ("Ada lives in Ashby. Bruno lives in Belton.", "Cora is a cook.", "Dora has a dog. It barks.")
FULL = ("inner=full", "inner.batch_size=2", "inner.micro_batch_size=2")


def plan(title: str, *segments: str) -> Plan:
    return Plan(sequences=tuple(TrainingSequence(text=f"{title}\n{segment}") for segment in segments))


def passages() -> list[Plan]:
    return [plan(f"Title {number}", text) for number, text in enumerate(PASSAGES)]


def spent(*, n_tokens: int = 700, steps: int = 12) -> Spent:
    edits = [plan(f"Title {number}", text, "A line of its own.", "One more.") for number, text in enumerate(PASSAGES)]
    training = Training(n_sequences=9, n_tokens=70, losses=(1.0,) * steps, trained_tokens=n_tokens)
    return Spent(plans=tuple(edits), training=training)


def inner(*overrides: str) -> Inner:
    run, _ = loading.load(["recipe=corpus", "task=facts", "model=tiny", *overrides])
    return run.inner


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    return random_backbone(tmp_path_factory.mktemp("model"), "llama", dtype="float32")


def test_plans_are_joined_without_repetitions_and_without_what_is_invalid() -> None:
    first, second = plan("A", "x", "y"), plan("A", "y", "z")
    assert joined([first, Invalid(reason="empty"), second]) == plan("A", "x", "y", "z")


def test_tokens_travel_as_a_budget_and_updates_as_steps() -> None:
    at_tokens = with_budget_of(spent(), passages(), match="tokens", random=Random(0))
    assert at_tokens == Budgeted(plan=joined(passages()), n_tokens=700)
    at_updates = with_budget_of(spent(), passages(), match="updates", random=Random(0))
    assert at_updates == Budgeted(plan=joined(passages()).with_settings({"steps": 12}))


def test_with_both_each_passage_fills_as_many_sequences_as_its_self_edits_have_with_its_own_sentences() -> None:
    found = with_budget_of(spent(), passages(), match="both", random=Random(0)).plan
    assert found.settings == {"steps": 12}
    titles = [sequence.text.partition("\n")[0] for sequence in found.sequences]
    assert titles == [f"Title {number}" for number in range(3) for _ in range(3)]
    assert all("Dora" not in sequence.text for sequence in found.sequences[:6])


@pytest.mark.parametrize(
    "overrides", [("inner.batch_size=1",), ("inner.batch_size=2",), ("inner.batch_size=null",), FULL]
)
@pytest.mark.parametrize("n_tokens", [37, 400])
def test_a_budget_is_met_to_within_one_optimizer_step(
    backbone: Backbone, overrides: tuple[str, ...], n_tokens: int
) -> None:
    chosen = inner(*overrides)
    stretched = lasting(chosen, backbone, Budgeted(plan=joined(passages()), n_tokens=n_tokens))
    [made] = chosen.adapt(backbone, [stretched], [0])
    assert isinstance(made, Adapted)
    assert made.training is not None
    sizes = sorted((example.n_trained for example in chosen.examples(backbone, stretched)), reverse=True)
    largest_step = sum(sizes[: getattr(chosen, "batch_size", None) or len(sizes)])
    assert abs(made.training.trained_tokens - n_tokens) <= largest_step


def test_at_least_one_step_is_made_and_without_a_budget_the_plan_decides(backbone: Backbone) -> None:
    passage = passages()[0]
    assert lasting(inner(), backbone, Budgeted(plan=passage, n_tokens=1)).settings == {"steps": 1}
    assert lasting(inner(), backbone, Budgeted(plan=passage)) == passage


def test_a_plan_of_which_nothing_fits_is_left_as_it_is_and_fails_when_it_is_trained(backbone: Backbone) -> None:
    too_long = Plan(sequences=(TrainingSequence(text="Ada lives in Ashby.", reply_from=3),))
    chosen = inner("inner.max_tokens=2")
    assert not chosen.examples(backbone, too_long)
    assert lasting(chosen, backbone, Budgeted(plan=too_long, n_tokens=9)) == too_long
