"""`make demo-real`, a slice of it: a real English model learns one of the passages."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Seal = Callable[..., int]


@pytest.mark.slow
def test_a_real_model_learns_one_passage_and_the_table_has_every_arm(seal: Seal) -> None:
    slice_of_it = ("task.limit=1", "self_edit.max_new_tokens=40", "recipe.edits_per_context=1", "inner.epochs=10")
    assert seal("run", "experiment=demo_real", *slice_of_it, "name=demo") == 0
    results = json.loads(Path("outputs/demo/results.json").read_text())
    accuracy = {row["setting"]: row["accuracy"] for row in results["table"]}
    assert list(accuracy) == ["base", "open_book", "passage_matched", "adapted"]
    assert max(accuracy["adapted"], accuracy["passage_matched"]) >= accuracy["base"] + 0.3
    tokens = {row["setting"]: row["tokens"] for row in results["table"]}
    assert tokens["passage_matched"] == pytest.approx(tokens["adapted"], rel=0.1)
