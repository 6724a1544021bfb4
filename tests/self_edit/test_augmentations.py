"""Self-edits that are settings: what is understood, what is refused and why, and what is trained on."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.config import loading
from seal.errors import ConfigError
from seal.self_edit.augmentations import MOST_CHARACTERS, Augmentations, settings_in
from seal.types import Context, Invalid, Plan, SelfEdit

FAMILIES = ("basic", "size", "chain", "repeat")


def form(*overrides: str) -> tuple[Augmentations, Context]:
    run, _ = loading.load(["experiment=grids", "task.n_train=1", "task.n_held_out=1", *overrides])
    assert isinstance(run.self_edit, Augmentations)
    return run.self_edit, run.task.load().held_out[0]


def text(*families: str, strategy: str = "output_tokens", rate: Any = 0.003, epochs: Any = 2, **more: Any) -> str:
    switches = {f"use_{family}_augmentations": family in families for family in FAMILIES}
    training = {"strategy": f"train_using_{strategy}", "learning_rate": rate, "num_train_epochs": epochs}
    return json.dumps({"data_generation": switches, "training": training, **more})


def edit(written: str, index: int = 0) -> SelfEdit:
    return SelfEdit(context_id="held_out_0", index=index, text=written, finished=True)


def plan_of(written: str, *overrides: str) -> Plan | Invalid:
    asked, context = form(*overrides)
    return asked.parse(context, edit(written))


def test_settings_become_a_plan_with_its_own_learning_rate_and_epochs() -> None:
    plan = plan_of(text())
    assert isinstance(plan, Plan)
    assert plan.settings == {"learning_rate": 0.003, "epochs": 2}


def test_only_the_answer_is_learned_or_all_of_it() -> None:
    outputs, everything = plan_of(text()), plan_of(text(strategy="all_tokens"))
    assert isinstance(outputs, Plan)
    assert isinstance(everything, Plan)
    for sequence, whole in zip(outputs.sequences, everything.sequences, strict=True):
        assert sequence.text == whole.text
        assert sequence.trained_from == sequence.reply_from == whole.reply_from
        assert whole.trained_from == 0
        assert sequence.text[: sequence.reply_from].endswith(" -> ")
        assert sequence.text.endswith("#")


def test_three_demonstrations_give_nine_episodes_and_a_repainted_one_of_each() -> None:
    plain, more = plan_of(text()), plan_of(text("size"))
    assert isinstance(plain, Plan)
    assert isinstance(more, Plan)
    assert len(plain.sequences) == 18
    assert len(more.sequences) == 24


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no JSON"),
        ("train hard", "no JSON"),
        ("{" * 5000, "no JSON"),
        ("[]", "the JSON"),
        (text(epochs=1.5), "training.num_train_epochs"),
        (text(epochs=0), "training.num_train_epochs"),
        (text(epochs=True), "training.num_train_epochs"),
        (text(rate="fast"), "training.learning_rate"),
        (text(rate=float("nan")), "training.learning_rate"),
        (text(rate=2.0), "training.learning_rate"),
        (text(strategy="nothing"), "training.strategy"),
        (text(schedule="none"), "schedule"),
        (text(epochs=9), "over budget: 81 optimizer steps, where 80 are allowed"),
        (text(epochs=10**30), "over budget"),
        (" " * MOST_CHARACTERS + text(), "longer than"),
    ],
)
def test_what_says_nothing_is_invalid_with_a_reason(written: str, reason: str) -> None:
    found = plan_of(written)
    assert isinstance(found, Invalid)
    assert reason in found.reason


def test_text_around_the_json_is_refused_or_ignored() -> None:
    around = f"I choose:\n```json\n{text()}\n```"
    assert isinstance(plan_of(around), Invalid)
    assert plan_of(around, "self_edit.surroundings=ignored") == plan_of(text())


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_foreign_text_is_invalid_and_nothing_else(written: str) -> None:
    assert isinstance(settings_in(written, around=False), Invalid)
    settings_in(written, around=True)


def test_usable_are_the_first_of_those_that_say_the_same() -> None:
    asked, context = form()
    edits = [edit(text(), 0), edit("nothing", 1), edit(text(), 2), edit(text("size"), 3)]
    assert [each.index for each in asked.usable(context, edits)] == [0, 3]
    assert [each.index for each in asked.preferred(context, edits)] == [0, 3, 1, 2]
    careless, _ = form("self_edit.distinct=false")
    assert careless.usable(context, edits) == edits


def test_the_oracle_has_no_budget() -> None:
    asked, context = form("self_edit.max_steps=1")
    assert len(asked.unedited(context).sequences) == 18


def test_the_same_families_give_the_same_episodes_in_every_self_edit() -> None:
    one, other = plan_of(text("basic")), plan_of(text("basic", rate=0.01))
    assert isinstance(one, Plan)
    assert isinstance(other, Plan)
    assert one.sequences == other.sequences


def test_an_engine_that_can_is_told_the_schema_and_another_is_refused() -> None:
    served = ("engine@writer=openai", "recipe.rounds=0", "self_edit.constrained=true")
    asked, _ = form(*served)
    schema = json.loads(asked.sampling.json_schema or "")
    assert schema["required"] == ["data_generation", "training"]
    assert form()[0].sampling.json_schema is None
    with pytest.raises(ConfigError, match=r"self_edit\.constrained: this engine cannot"):
        form("self_edit.constrained=true")
