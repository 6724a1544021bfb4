"""Kept self-edits are tried again with fresh seeds, as often as was forecast, and nothing else changes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.folder.store import read_records
from seal.types import Evaluation, Failure, Update
from tests.conftest import SMALL

Seal = Callable[..., int]
KEEPS_ONE = ("outer.ties=first", "outer.must_beat_unadapted=false")
"""Exactly one self-edit of each context is kept, so that the forecast is what is done."""


def outcomes_of(run: Path) -> dict[str, Evaluation | Failure]:
    return read_records(run / "evaluations.jsonl", Evaluation | Failure)


def test_kept_self_edits_are_tried_again_as_forecast(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    command = (*SMALL, *KEEPS_ONE, "recipe.retry_kept=2")
    assert seal("check", *command, "--json") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert seal("run", *command) == 0
    run = Path("outputs/tiny")
    evaluations = outcomes_of(run)
    assert plan["inner_updates"] == sum(one.training is not None for one in evaluations.values())
    assert plan["answers"] == sum(len(one.verdicts) for one in evaluations.values())
    update: Update = read_records(run / "updates.jsonl", Update)["round_0"]
    again = {key for key in evaluations if "/kept_" in key}
    assert again == {
        f"round_0/{context}/kept_{index}/{repeat}"
        for context, index in (name.rsplit("/", 1) for name in update.kept)
        for repeat in range(2)
    }
    assert len({evaluations[key].seed for key in again}) == len(again)
    [turn] = json.loads((run / "results.json").read_text())["rounds"]
    assert (turn["retried"]["n_self_edits"], turn["retried"]["n_repeats"]) == (4, 2)
    page = (run / "report/index.html").read_text()
    assert "winner's curse: 4 kept self-edits were trained again with fresh seeds" in page
    assert "at choice  again" in capsys.readouterr().out


def test_a_finished_run_can_be_asked_for_it_afterwards(
    finished: Path, seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(finished, tmp_path / "again/tiny"))
    before, [turn] = outcomes_of(run), json.loads((run / "results.json").read_text())["rounds"]
    assert "retried" not in turn
    assert seal("run", *SMALL, f"outputs={run.parent}", "recipe.retry_kept=1") == 0
    after, [following] = outcomes_of(run), json.loads((run / "results.json").read_text())["rounds"]
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + turn["n_kept"]
    assert {name: following[name] for name in turn} == turn


@pytest.mark.parametrize("choices", [("inner=none",), ("outer/reward=random", "outer.must_beat_unadapted=false")])
def test_where_nothing_is_trained_nothing_can_be_tried_again(
    seal: Seal, choices: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", "model=tiny", "task=facts", *choices, "recipe.retry_kept=1") == 2
    assert "recipe.retry_kept: this " in capsys.readouterr().err
