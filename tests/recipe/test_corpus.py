"""Continued pretraining: one training for all passages, in each setting, by adapters and by all weights."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.base.monitor import Silent
from seal.config import loading
from seal.session.experiment import perform
from seal.session.preflight import preflight
from tests.conftest import MATCHED, Interrupting, performed_with_stops, records

Seal = Callable[..., int]
RUN = Path("outputs/run")
QUICK = (
    "recipe=corpus task.n_held_out=4 recipe.edits_per_context=2 recipe.repeats=2 inner.epochs=4 inner.batch_size=4 "
    "inner.learning_rate=2e-3 self_edit.max_new_tokens=48 task.max_answer_tokens=8 recipe.match=none "
    "cluster.threads=1 name=run"
).split()
FULL = ("inner=full", "inner.learning_rate=1e-3")
ONLY_SELF_EDITS = ("recipe.settings=[base,self_edits]",)
DIVERGING = ("inner.learning_rate=1e30", "inner.targets=[all-linear]")


def results() -> dict[str, object]:
    return json.loads((RUN / "results.json").read_text())


def keys(kind: str) -> list[str]:
    return [json.loads(line)["key"] for line in (RUN / f"{kind}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("inner", [(), pytest.param(FULL, marks=pytest.mark.slow)])
def test_each_setting_is_one_training_and_a_row(seal: Seal, inner: tuple[str, ...]) -> None:
    assert seal("run", *QUICK, *inner) == 0
    rows = results()["table"]
    assert [row["setting"] for row in rows] == ["base", "passage_only", "self_edits_round_0"]
    assert [row["n_answers"] for row in rows] == [n_models * rows[0]["n_queries"] for n_models in (1, 2, 2)]
    assert all((row["n_contexts"], row["n_failed"], row["n_unknown"]) == (4, 0, 0) for row in rows)
    settings = ("passage_only", "self_edits")
    names = [f"{setting}/{repeat}" for setting in settings for repeat in (0, 1)]
    assert keys("consolidations") == [f"round_0/{name}" for name in names]


@pytest.mark.slow
def test_training_on_self_edits_and_passages_raises_accuracy(seal: Seal) -> None:
    longer = ("inner.targets=[all-linear]", "inner.learning_rate=4e-3", "inner.epochs=20")
    assert seal("run", *QUICK, "recipe.settings=[base,self_edits]", *longer) == 0
    base, *_, on_self_edits = results()["table"]
    assert base["accuracy"] < on_self_edits["accuracy"]


@pytest.mark.slow
def test_the_corpus_holds_the_self_edits_and_every_passage(seal: Seal) -> None:
    assert seal("run", *QUICK) == 0
    made = [json.loads(line)["value"]["training"] for line in (RUN / "consolidations.jsonl").read_text().splitlines()]
    assert [training["n_sequences"] for training in made[:2]] == [4, 4]
    assert made[2]["n_sequences"] == made[3]["n_sequences"] > 4
    assert made[2]["losses"] != made[3]["losses"]  # other seeds


@pytest.mark.slow
def test_drawn_questions_alone_are_asked_and_every_passage_is_learned(seal: Seal) -> None:
    assert seal("run", *QUICK, MATCHED, "recipe.questions=7") == 0
    rows = results()["table"]
    assert [row["n_answers"] for row in rows] == [7, 14, 14, 14]
    assert len({row["n_contexts"] for row in rows}) == 1
    [first, *_] = (RUN / "consolidations.jsonl").read_text().splitlines()
    assert json.loads(first)["value"]["training"]["n_sequences"] == 4


@pytest.mark.slow
def test_repeats_show_how_much_whole_trainings_differ(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *QUICK, MATCHED) == 0
    found = {one["setting"]: one for one in results()["trainings"]}
    rows = {row["setting"]: row for row in results()["table"]}
    assert list(found) == ["passage_only", "passage_matched", "self_edits_round_0"]
    for setting, one in found.items():
        first, second = one["accuracies"]
        assert rows[setting]["accuracy"] == pytest.approx((first + second) / 2)
        assert one["deviation"] == pytest.approx(abs(first - second) / 2**0.5)
    assert "standard deviation over 2 whole trainings" in re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.slow
def test_what_was_trained_is_gone_when_all_is_asked(seal: Seal) -> None:
    assert seal("run", *QUICK, *FULL) == 0
    assert not list(RUN.rglob("*.safetensors"))


def test_settings_that_are_not_measured_cost_nothing(seal: Seal) -> None:
    assert seal("run", *QUICK, "recipe.settings=[passage_only]", "recipe.contexts=2") == 0
    assert [row["n_contexts"] for row in results()["table"]] == [2]
    assert not (RUN / "self_edits.jsonl").exists()


@pytest.mark.slow
def test_a_training_that_diverges_is_a_failure_and_no_score(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *QUICK, *DIVERGING) == 0
    base, *trained = results()["table"]
    assert [row["setting"] for row in trained] == ["passage_only", "self_edits_round_0"]  # nothing to be matched
    assert base["accuracy"] is not None
    assert all(row["accuracy"] is None and row["n_failed"] == 2 for row in trained)
    assert all(row["n_unknown"] == 2 * base["n_queries"] for row in trained)
    assert "passage only: 2 trainings or answers failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        ("recipe.edits_per_context=0",),
        *(pytest.param(changes, marks=pytest.mark.slow) for changes in ((), DIVERGING, ONLY_SELF_EDITS, (MATCHED,))),
    ],
)
def test_the_forecast_is_what_is_done(tmp_path: Path, changes: tuple[str, ...]) -> None:
    run, _ = loading.load([*QUICK, *changes, f"outputs={tmp_path}"])
    monitor = Interrupting()
    perform(run, monitor)
    assert monitor.n_done == monitor.n_planned == run.recipe.forecast(preflight(run), run).units


def test_without_self_edits_their_row_is_left_out(tmp_path: Path) -> None:
    assert list(performed(tmp_path, "recipe.edits_per_context=0")) == ["base", "passage_only"]
    run, _ = loading.load([*QUICK, "recipe.settings=[self_edits]", "recipe.edits_per_context=0", f"outputs={tmp_path}"])
    assert any("nothing is measured" in fault for fault in run.recipe.faults_of_data(run.task.load()))


def performed(folder: Path, *changes: str) -> dict[str, dict[str, object]]:
    """The rows of a run, by setting."""
    run, _ = loading.load([*QUICK, *changes, f"outputs={folder}"])
    perform(run, Silent())
    assert not list(run.folder.rglob("*.safetensors"))
    return {row["setting"]: row for row in json.loads((run.folder / "results.json").read_text())["table"]}


@pytest.mark.parametrize("inner", [(), pytest.param(FULL, marks=pytest.mark.slow)])
def test_the_passages_alone_are_trained_for_as_many_tokens_as_the_self_edits(
    tmp_path: Path, inner: tuple[str, ...]
) -> None:
    rows = performed(tmp_path, MATCHED, *inner)
    matched, own, alone = (rows[name] for name in ("passage_matched", "self_edits_round_0", "passage_only"))
    assert matched["matched_to"] == "self_edits_round_0"
    assert abs(matched["tokens"] - own["tokens"]) <= matched["tokens"] / matched["updates"]
    assert alone["tokens"] < own["tokens"]
    assert [rows["base"][what] for what in ("tokens", "updates")] == [None] * 2


@pytest.mark.slow
@pytest.mark.parametrize("match", ["updates", "both"])
def test_optimizer_steps_are_the_same_where_they_are_held_equal(tmp_path: Path, match: str) -> None:
    rows = performed(tmp_path, f"recipe.match={match}", "recipe.repeats=1")
    matched, own = rows["passage_matched"], rows["self_edits_round_0"]
    assert matched["updates"] == own["updates"]
    if match == "both":
        assert matched["tokens"] == pytest.approx(own["tokens"], rel=0.4)  # filled by characters


@pytest.mark.slow
def test_what_is_matched_does_not_depend_on_what_else_is_measured(tmp_path: Path) -> None:
    few = ("recipe.repeats=1", "recipe.settings=[self_edits]")
    assert list(performed(tmp_path / "few", *few, MATCHED)) == ["passage_matched", "self_edits_round_0"]
    assert list(performed(tmp_path / "none", *few)) == ["self_edits_round_0"]


@pytest.mark.slow
@pytest.mark.parametrize("inner", [(), FULL])
def test_a_run_stopped_after_any_batch_ends_with_the_same_records(tmp_path: Path, inner: tuple[str, ...]) -> None:
    command = [*QUICK, *inner, MATCHED, "recipe.repeats=1", "recipe.contexts=2"]
    whole, _ = loading.load([*command, f"outputs={tmp_path / 'whole'}"])
    perform(whole, Silent())
    stopped, _ = loading.load([*command, f"outputs={tmp_path / 'stopped'}"])
    assert performed_with_stops(stopped) > 5
    assert {name: sorted(content.splitlines()) for name, content in records(stopped.folder).items()} == {
        name: sorted(content.splitlines()) for name, content in records(whole.folder).items()
    }


@pytest.mark.slow
def test_weights_that_somebody_deleted_are_missed_by_name(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", *QUICK) == 0
    answers = RUN / "answers.jsonl"
    answers.write_text("".join(line for line in answers.open() if "corpus_passage_only/1" not in line))
    (RUN / "results.json").unlink()
    assert seal("run", *QUICK) == 1
    assert "remove the records of its training" in capsys.readouterr().err


def test_what_cannot_be_measured_is_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", "recipe=corpus", "inner=none") == 2
    assert "choose inner=lora or inner=full" in capsys.readouterr().err
    assert seal("check", "recipe=corpus", "recipe.settings=[base,base]") == 2
    assert "base stands more than once" in capsys.readouterr().err
    assert seal("check", "recipe=corpus", "recipe.settings=[bass]") == 2
    assert "'base', 'passage_only' or 'self_edits'" in capsys.readouterr().err
