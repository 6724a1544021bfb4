"""The paper's few-shot experiments: they ask for what the paper did, and run on other models and data as well. And the
same on real puzzles that the shipped model can read."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from seal.config import loading
from seal.config.composing import Settings
from seal.config.run import Run
from seal.recipe.train import Train
from seal.task.arc import Arc
from tests.config.test_loading import CONF

Seal = Callable[..., int]
PRESETS = sorted(path.stem for path in (CONF / "experiment/arc").glob("*.yaml") if path.stem != "small")
"""The paper's."""
N_TRAIN, N_HELD_OUT = 12, 10


@cache
def load(name: str) -> tuple[Run, Settings]:
    return loading.load([f"experiment=arc/{name}"])


def arc_files(folder: Path) -> list[str]:
    """Files in ARC's format with puzzles of the ids that the presets name: each shows a row, and the row turned."""
    run, _ = load("rl")
    assert isinstance(run.task, Arc)
    overrides = []
    for part, ids in (("train", run.task.train_ids or ()), ("held_out", run.task.held_out_ids or ())):
        tasks, solutions = {}, {}
        for number, name in enumerate(ids):
            rows = [[number % 9 + 1, place, 0] for place in range(4)]
            pairs = [{"input": [row], "output": [row[::-1]]} for row in rows]
            tasks[name] = {"train": pairs[:3], "test": [{"input": pairs[3]["input"]}]}
            solutions[name] = [pairs[3]["output"]]
        for kind, content in (("path", tasks), ("solutions", solutions)):
            path = folder / f"{part}_{kind}.json"
            path.write_text(json.dumps(content))
            overrides.append(f"task.{part}_{kind}={path}")
    return overrides


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_checked_with_files_of_its_puzzles(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert seal("check", f"experiment=arc/{name}", *arc_files(tmp_path), "--json") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    practice = 15 * N_TRAIN if name == "rl" else 0
    assert plan["contexts"] == N_HELD_OUT + N_TRAIN
    assert plan["inner_updates"] == practice + 5 * N_HELD_OUT * (3 + 3 if name == "rl" else 2 + 1)


@pytest.mark.parametrize("name", PRESETS)
def test_every_published_number_belongs_to_something_that_is_measured(name: str) -> None:
    run, _ = load(name)
    assert isinstance(run.recipe, Train)
    rounds = {f"round_{number + 1}" for number in range(run.recipe.rounds)}
    assert run.published
    assert run.published.accuracy.keys() == {"in_context", "oracle", "self_edits_round_0", *rounds}


def test_all_is_as_published() -> None:
    _, settings = load("rl")
    inner = {
        "rank": 128,
        "alpha": 16,
        "start": "shared",
        "warmup_steps": 11,
        "batch_size": 2,
        "schedule": "cosine",
        "max_tokens": 8192,
    }
    outer = {"rank": 16, "alpha": 16, "learning_rate": 5e-5, "epochs": 8, "batch_size": 5, "schedule": "cosine"}
    wanted = {"temperature": 0.8, "max_new_tokens": 128, "max_steps": 375, "max_episodes": 250}
    oracle = {"oracle_learning_rate": 1e-4, "oracle_epochs": 2, "oracle_strategy": "train_using_output_tokens"}
    assert inner.items() <= settings["inner"].items()
    assert outer.items() <= settings["outer"]["learner"].items()
    assert (wanted | oracle).items() <= settings["self_edit"].items()
    assert settings["model"]["path"].endswith("Llama-3.2-1B-Instruct")


def test_the_small_puzzles_are_those_of_both_files_whose_grids_are_small(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = arc_files(tmp_path)
    assert seal("check", "experiment=arc/small", *files, "--json") == 0
    assert json.loads(capsys.readouterr().out)["plan"]["contexts"] == N_TRAIN + N_HELD_OUT
    assert seal("check", "experiment=arc/small", *files, "task.max_cells=2") == 2
    assert "has no context" in capsys.readouterr().err


def test_there_are_28_small_puzzles_in_the_released_files(reference: Path) -> None:
    run, settings = load("small")
    names = ("train_path", "train_solutions", "held_out_path", "held_out_solutions")
    there = [f"task.{name}={reference / 'arc' / settings['task'][name]}" for name in names]
    contexts = loading.load(["experiment=arc/small", *there])[0].task.load()
    assert (len(contexts.train), len(contexts.held_out)) == (25, 3)
    assert len(run.recipe.wanted(contexts, run)) == 28


@pytest.mark.slow
def test_a_preset_runs_on_a_small_model(seal: Seal, tmp_path: Path) -> None:
    small = ("model=tiny_grids", "model.device=cpu", "task.notation=digits", "task.max_answer_tokens=16")
    small += (
        "inner.rank=2",
        "inner.max_tokens=200",
        "inner.targets=[all-linear]",
        "outer.learner.targets=[all-linear]",
    )
    small += ("self_edit.tries=1", "self_edit.per_family=1", "self_edit.oracle_epochs=1", "recipe.edits_per_context=1")
    few = ("recipe.contexts_per_round=2", "recipe.held_out_contexts=2", "recipe.held_out_edits=1", "cluster.threads=1")
    viewing = ("task.viewing.permutations=1", "task.viewing.symmetries=[identity,rotate_90]")
    assert seal("run", "experiment=arc/rl", *arc_files(tmp_path), *small, *few, *viewing) == 0
    table = json.loads(Path("outputs/arc/rl/results.json").read_text())["table"]
    own = [row["setting"] for row in table if not row["matched_to"]]
    assert own == ["in_context", "oracle", "self_edits_round_0", "round_1"]
    assert all(row["n_contexts"] == 2 for row in table)
