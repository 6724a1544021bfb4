"""Puzzles are asked in views, and what comes back votes for two attempts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from seal.config import loading
from seal.errors import ConfigError
from seal.folder.store import read_records
from seal.grids.grid import Grid
from seal.grids.notation import NOTATIONS
from seal.grids.views import symmetry
from seal.task.puzzles import PuzzleTask
from seal.types import Answered, Completion, Context, Evaluation
from seal.work.trying import answered

Seal = Callable[..., int]

TURNED = "task.viewing.symmetries=[identity,rotate_90]"


def task(*overrides: str) -> PuzzleTask:
    found = loading.load(["experiment=grids", "task.n_train=2", "task.n_held_out=2", *overrides])[0].task
    assert isinstance(found, PuzzleTask)
    return found


def first(asked: PuzzleTask) -> Context:
    return asked.load().held_out[0]


def answer(asked: PuzzleTask, context: Context, texts: list[str], cut: tuple[int, ...] = ()) -> dict[str, list[object]]:
    [query] = context.queries
    written = Answered(seed=0, training=None, answers=tuple(texts), cut=cut).completions
    found: dict[str, list[object]] = json.loads(asked.answer_of(context, query, written))
    return found


def test_there_is_a_prompt_for_each_test_input_and_view() -> None:
    plain, turned = task(), task(TURNED, "task.viewing.leave_one_out=true", "task.viewing.permutations=2")
    [query] = first(plain).queries
    assert len(plain.prompts(first(plain), query)) == 2
    assert len(set(turned.prompts(first(turned), query))) == 2 * 3 * 2 * 2
    assert plain.prompts(first(plain), query) == plain.prompts(first(plain), query)


def test_what_every_view_answers_right_is_the_only_attempt() -> None:
    asked = task(TURNED)
    context = first(asked)
    solutions = [Grid.of(rows) for rows in json.loads(context.queries[0].target)]
    written = NOTATIONS["digits"]
    texts = [
        written.target_line(symmetry(turn)(solution)) for solution in solutions for turn in ("identity", "rotate_90")
    ]
    found = answer(asked, context, texts)
    assert found["attempts"] == [[solution.lists()] for solution in solutions]


@pytest.mark.parametrize("text", ["", "12\n3#", "no grid", "1 2 3", "0" * 100_000])
def test_a_text_that_is_no_grid_has_no_vote(text: str) -> None:
    asked = task()
    found = answer(asked, first(asked), [text, "12\n34#"])
    assert found["attempts"] == [[], [[[1, 2], [3, 4]]]]


def test_a_grid_that_was_cut_at_the_token_limit_has_no_vote() -> None:
    asked = task()
    texts = ["12\n34", "12\n34"]
    assert answer(asked, first(asked), texts)["attempts"] == [[[[1, 2], [3, 4]]]] * 2
    assert answer(asked, first(asked), texts, cut=(1,))["attempts"] == [[[[1, 2], [3, 4]]], []]


def test_what_was_cut_is_recorded_and_earlier_records_are_read() -> None:
    said = answered((Completion(text="1", finished=False), Completion(text="2", finished=True)), seed=0, training=None)
    assert isinstance(said, Answered)
    records = TypeAdapter(Answered)
    assert records.validate_python(records.dump_python(said, mode="json")).completions[0].finished is False
    earlier = records.validate_python({"seed": 0, "training": None, "answers": ["1"]})
    assert earlier.completions == (Completion(text="1", finished=True),)


@pytest.mark.slow
def test_a_model_that_runs_into_the_token_limit_attempts_nothing(seal: Seal) -> None:
    """Eight tokens are two rows of a grid with three."""
    few = ("task.n_train=1", "task.n_held_out=1", "recipe.rounds=0", "inner.rank=1", "self_edit.oracle_epochs=1")
    assert seal("run", "experiment=grids", *few, "task.max_answer_tokens=8", "cluster.threads=1", "name=cut") == 0
    evaluations = read_records(Path("outputs/cut/evaluations.jsonl"), Evaluation)
    attempts = [json.loads(each.verdicts[0].answer)["attempts"] for each in evaluations.values()]
    assert attempts
    assert all(each == [[], []] for each in attempts)


def test_a_template_that_does_not_show_the_puzzle_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"task\.puzzle_template.*demonstrations"):
        task("task.puzzle_template='{input}'", "self_edit.puzzle_template='{demonstrations}{input}'")


@pytest.mark.parametrize(
    ("rate", "style"),
    [
        ("0.003", "learning rate from 1e-3"),
        ("1e-4", "learning rate from 1e-4"),
        ("0", "no settings"),
        ("1e999", "no settings"),
        ('"x"', "no settings"),
    ],
)
def test_settings_are_told_apart_by_their_learning_rate(rate: str, style: str) -> None:
    asked = task()
    assert asked.style_of(first(asked), f'{{"training": {{"learning_rate": {rate}}}}}') == style
    assert asked.style_of(first(asked), "[" * 100_000) == "no settings"
