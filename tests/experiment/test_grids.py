"""The few-shot domain in the embedded world: what the README says of it, in a smaller run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Seal = Callable[..., int]
SMALLER = ("task.n_held_out=10", "recipe.rounds=1", "recipe.contexts_per_round=10", "recipe.edits_per_context=6")


@pytest.mark.slow
def test_a_policy_learns_to_choose_settings_for_rules_that_cannot_be_read_off(seal: Seal) -> None:
    assert seal("run", "experiment=grids", *SMALLER, "cluster.threads=1") == 0
    table = json.loads(Path("outputs/grids/results.json").read_text())["table"]
    accuracy = {row["setting"]: row["accuracy"] for row in table if not row["matched_to"]}
    assert list(accuracy) == ["in_context", "oracle", "self_edits_round_0", "round_1"]
    assert accuracy["in_context"] < 0.25
    assert accuracy["oracle"] > 0.7
    assert accuracy["round_1"] > accuracy["self_edits_round_0"] + 0.05
