"""`seal check` says what memory the inner loop takes: of the model that is meant, on sequences as long as its data."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models import random_folder


def planned(seal: Callable[..., int], capsys: pytest.CaptureFixture[str], *overrides: str) -> dict[str, Any]:
    assert seal("check", "--json", *overrides) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["memory"]
    return found


def test_puzzles_are_planned_with_as_long_as_they_are(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    small = planned(seal, capsys, "experiment=grids")
    cut = planned(seal, capsys, "experiment=grids", "inner.max_tokens=60")
    assert 70 < small["sequence_tokens"] == cut["sequence_tokens"] <= 90
    kept = [memory["slot_bytes"] - memory["slot_adapter_bytes"] for memory in (cut, small)]
    assert kept[0] / kept[1] == pytest.approx(60 / small["sequence_tokens"])


def test_long_passages_take_more_than_short_ones(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in (("short", 10), ("long", 400)):
        row = {"title": "Pi", "passage": "river " * words, "questions": [{"question": "Which?", "answer": "Pi"}]}
        Path(f"{name}.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(row | {'passage': 'town ' * words})}\n")
    of = ("task=passages", "inner.batch_size=1")
    short, long = (planned(seal, capsys, *of, f"task.path={name}.jsonl") for name in ("short", "long"))
    assert short["sequence_tokens"] == 51
    assert long["sequence_tokens"] > 400
    assert long["slot_adapter_bytes"] == short["slot_adapter_bytes"]
    assert long["slot_bytes"] > 4 * short["slot_bytes"] - 4 * short["slot_adapter_bytes"]


def test_a_model_that_was_fetched_from_the_hub_before_is_planned_with(tmp_path: Path) -> None:
    snapshot = tmp_path / "hub/models--some--one/snapshots/abc"
    shutil.copytree(random_folder(tmp_path / "model", "qwen2"), snapshot)
    (tmp_path / "hub/models--some--one/refs").mkdir()
    (tmp_path / "hub/models--some--one/refs/main").write_text("abc")
    command = [sys.executable, "-m", "seal.launch.cli", "check", "--json", "model=local", "inner.targets=[q_proj]"]
    for name, is_planned in (("some/one", True), ("some/other", False)):
        done = subprocess.run(
            [*command, f"model.path={name}"],
            env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert bool(json.loads(done.stdout)["memory"]) is is_planned


def test_what_cannot_be_said_of_a_model_that_is_not_here_is_said(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", "model=local", "model.path=nobody/has_this") == 0
    assert "how much memory it takes can be said once it is here" in capsys.readouterr().out
