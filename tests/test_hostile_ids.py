"""Data of a stranger whose ids and titles are paths, control characters, half characters or endless: real runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SMALL, settings_without

Seal = Callable[..., int]
HOSTILE = (
    "../../escaped",
    "/escaped",
    "a\0b",
    "x" * 3000,
    "字" * 200,
    "..",
    "a\nb\x1b[31m",
    "<script>alert(1)</script>",
)
SMALLER = (
    *("experiment=grids", "task=arc", "recipe.rounds=1", "recipe.contexts_per_round=2", "recipe.edits_per_context=1"),
    *("recipe.held_out_contexts=2", "recipe.held_out_edits=1", "inner.rank=2"),
    *("task.viewing.permutations=1", "task.viewing.symmetries=[identity]", "task.max_answer_tokens=8"),
    *("self_edit.tries=1", "self_edit.per_family=1", "self_edit.oracle_epochs=1", "cluster.threads=1"),
)


def outside(folder: Path, *known: str) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in ("outputs", *known))


@pytest.mark.slow
def test_puzzles_with_hostile_ids_stay_inside(seal: Seal, tmp_path: Path) -> None:
    pair = {"input": [[1, 2]], "output": [[2, 1]]}
    tasks = {name: {"train": [pair, pair], "test": [pair]} for name in HOSTILE}
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    (tmp_path / "others.json").write_text(json.dumps({f"{name}!": each for name, each in tasks.items()}))
    files = ("task.train_path=tasks.json", "task.held_out_path=others.json", "task.train_solutions=null")
    assert (
        seal("run", *SMALLER, *files, "task.held_out_solutions=null", "name=run", "logger=wandb", "logger.mode=offline")
        == 0
    )
    for command in ("status", "report"):
        assert seal(command, "run") == 0
    assert outside(tmp_path, "tasks.json", "others.json") == []
    assert len(list((tmp_path / "outputs/run/report/grids").glob("*.png"))) == 2


@pytest.mark.slow
def test_passages_with_hostile_titles_stay_inside(seal: Seal, tmp_path: Path) -> None:
    rows = [
        {"title": title, "passage": f"Text {number} of {title[:50]}.", "questions": [{"question": "?", "answer": "y"}]}
        for number, title in enumerate(HOSTILE)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    quick = settings_without(SMALL, "task.n_train", "task.n_held_out", "recipe.held_out_contexts")
    data = ("task=passages", "task.path=rows.jsonl", "name=run", "recipe.keep_adapters=2")
    assert seal("run", *quick, *data, "logger=tensorboard") == 0
    for command in ("status", "report"):
        assert seal(command, "run") == 0
    assert outside(tmp_path, "rows.jsonl") == []
    page = (tmp_path / "outputs/run/report/index.html").read_text()
    assert "<script>alert(1)</script>" not in page


def test_half_a_character_is_refused_with_its_place(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = "\ud800"
    row = {"title": f"A{half}", "passage": "a", "questions": [{"question": "?", "answer": "y"}]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    assert seal("check", "task=passages", "task.path=rows.jsonl") == 2
    assert "row 1" in capsys.readouterr().err
    pair = {"input": [[1]], "output": [[2]]}
    (tmp_path / "tasks.json").write_text(json.dumps({half: {"train": [pair], "test": [pair]}}))
    assert seal("check", "experiment=grids", "task=arc", "task.train_path=tasks.json", "task.n_train=1") == 2
    assert "tasks.json" in capsys.readouterr().err
