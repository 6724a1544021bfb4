"""Settings that are drawn."""

from collections import Counter

import pytest

from seal.config import loading
from seal.errors import ConfigError
from seal.self_edit import Assignment
from seal.self_edit.augmentations import FAMILIES, settings_in
from seal.types import Completion, Context, Invalid


def drawn(count: int, *overrides: str) -> list[str]:
    run, _ = loading.load(["experiment=grids", "self_edit=random_settings", "recipe.rounds=0", *overrides])
    context = Context(id="c", title="", text="", queries=())
    assignments = [Assignment(context=context, index=number, seed=number) for number in range(count)]
    written = run.self_edit.write(assignments, lambda prompts, sampling: [])
    return [each.text for each in written if isinstance(each, Completion)]


def test_every_choice_is_as_likely_as_any_other_and_can_be_understood() -> None:
    n = 600
    found = [settings_in(text, around=False) for text in drawn(n, "self_edit.learning_rates=[1.0e-5,1.0e-3]")]
    valid = [each for each in found if not isinstance(each, Invalid)]
    assert len(valid) == n
    counts = Counter(family for each in valid for family in each.data_generation.families)
    counts += Counter(each.training.learning_rate for each in valid)
    assert set(counts) == {*FAMILIES, 1e-5, 1e-3}
    assert all(abs(count - n / 2) < n / 10 for count in counts.values())


def test_nobody_can_learn_to_write_what_is_read_or_drawn() -> None:
    with pytest.raises(ConfigError, match="self_edit"):
        loading.load(["experiment=grids", "self_edit=random_settings"])
