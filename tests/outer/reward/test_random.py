"""Rewards that say nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seal.folder.store import read_records
from seal.outer.reward.random import Random
from seal.types import Context, Evaluation, Rating, SelfEdit, Update
from tests.conftest import SMALL
from tests.values import attempt

Seal = Callable[..., int]
CONTEXT = Context(id="c", title="", text="", queries=())


def rated(seed: int, *texts: str) -> list[Rating]:
    pairs = [(CONTEXT, SelfEdit(context_id="c", index=n, text=text, finished=True)) for n, text in enumerate(texts)]
    ratings = Random(seed=seed).rate(pairs, lambda _: None)
    return [rating for rating in ratings if isinstance(rating, Rating)]


def test_equal_self_edits_of_a_run_get_equal_points_and_others_get_others() -> None:
    one, same, other = (rating.scores["points"] for rating in rated(1, "a", "a", "b"))
    assert one == same != other
    assert one != rated(2, "a")[0].scores["points"]


def test_points_are_spread_evenly() -> None:
    rewards = [
        Random(seed=0).score(replace(attempt("a", 0, None), rating=rating)) or 0.0
        for rating in rated(0, *map(str, range(400)))
    ]
    assert 0 <= min(rewards) <= max(rewards) <= 1
    assert abs(sum(rewards) / len(rewards) - 0.5) < 0.06


@pytest.mark.slow
def test_a_policy_learns_from_chance_without_any_training_in_the_round(seal: Seal) -> None:
    chance = ("outer/reward=random", "outer.must_beat_unadapted=false")
    assert seal("run", *SMALL, *chance, "name=chance", "recipe.edits_per_context=3") == 0
    run = Path("outputs/chance")
    [update] = read_records(run / "updates.jsonl", Update).values()
    assert update.kept
    practised = [
        key for key in read_records(run / "evaluations.jsonl", Evaluation) if "/train_" in key and "edit_" in key
    ]
    assert not practised
