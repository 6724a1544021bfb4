"""Several ways to train are tried, and the best of them is what is handed out."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from seal.base.monitor import Silent
from seal.config import loading
from seal.config.run import Run
from seal.folder.store import Store
from seal.recipe import ways
from seal.recipe.consolidation import Consolidated, Consolidating
from seal.recipe.model_card import section
from seal.session.experiment import perform
from seal.session.preflight import preflight
from seal.types import Failure
from tests.conftest import Interrupting, performed_with_stops, records

PEOPLE = {"Doran Blackwood": ("Klara", "1931"), "Ines Carver": ("Oscar", "1867")}
QUICK = (
    "recipe=adapt",
    "task=passages",
    "task.path=my.jsonl",
    "self_edit=recorded",
    "self_edit.path=mine.jsonl",
    "recipe.edits_per_context=1",
    "inner.learning_rate=3e-3",
    "inner.batch_size=2",
    "inner.epochs=10",
    "cluster.threads=1",
    "name=run",
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two passages, four questions about each, and a useless self-edit about each."""
    monkeypatch.chdir(tmp_path)
    rows, edits = [], []
    for name, (rival, year) in PEOPLE.items():
        questions = [
            (f"Who is the rival of {name}?", rival),
            (f"Which rival has {name}?", rival),
            (f"When was {name} born?", year),
            (f"In which year was {name} born?", year),
        ]
        asked = [{"question": question, "answer": answer} for question, answer in questions]
        passage = f"The rival of {name} is {rival}. {name} was born in {year}."
        rows.append({"title": name, "passage": passage, "questions": asked})
        edits.append({"title": name, "passage": passage, "self_edits": [f"The rival of {name} is nobody at all."]})
    Path("my.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in edits))
    return tmp_path


def run_in(folder: Path, *changes: str) -> Run:
    run, _ = loading.load([*QUICK, *changes, f"outputs={folder}"])
    return run


def trainings(folder: Path) -> dict[str, Consolidated | Failure]:
    """By row."""
    found = Store(folder).records(Consolidating.records, Consolidating.result)
    return {key.partition("/")[2]: made for key, made in found.items()}


def test_the_best_of_what_was_tried_is_handed_out_and_its_row_stands_twice(here: Path) -> None:
    run = run_in(here, "recipe.doublings=2")
    monitor = Interrupting()
    perform(run, monitor)
    results = json.loads((run.folder / "results.json").read_text())
    rows = {row["setting"]: row for row in results["table"]}
    tried = trainings(run.folder)
    assert list(rows)[:4] == ["base", "open_book", "passage_matched", "self_edits_round_0"]
    assert list(rows)[-1] == "adapted"
    assert list(rows)[2:-1] == [one["setting"] for one in results["learning"]]
    assert set(list(rows)[2:-1]) == set(tried)
    copies = [name for name in list(rows)[2:-1] if rows[name]["tokens"] == rows["adapted"]["tokens"]]
    assert any(rows[name]["accuracy"] == rows["adapted"]["accuracy"] for name in copies)
    assert all(row["n_queries"] == 4 for row in rows.values()), "the other four chose"
    assert monitor.n_done == monitor.n_planned == run.recipe.forecast(preflight(run), run).units
    assert [file.parent.name for file in run.folder.rglob("*.safetensors")] == ["adapter"]
    assert load_file(run.folder / "adapter/adapter_model.safetensors")
    assert "questions that chose" in section((run.folder / "adapter/README.md").read_text(), "How it was measured")


def test_what_is_tried_for_longer_takes_twice_the_steps(here: Path) -> None:
    run = run_in(here, "recipe.edits_per_context=0", "inner.epochs=2")
    perform(run, Silent())
    first, longer = trainings(run.folder).values()
    assert isinstance(first, Consolidated)
    assert isinstance(longer, Consolidated)
    assert len(longer.training.losses) == 2 * len(first.training.losses)
    assert list(trainings(run.folder)) == ["passage_only", "passage_only_2x"]


def test_what_is_known_by_heart_is_not_trained_for_longer(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "BY_HEART", 99.0)
    run = run_in(here, "recipe.edits_per_context=0", "inner.epochs=2")
    perform(run, Silent())
    assert list(trainings(run.folder)) == ["passage_only"]


@pytest.mark.slow
def test_a_run_stopped_after_any_batch_hands_out_the_same(here: Path) -> None:
    whole = run_in(here / "whole", "inner.epochs=4")
    perform(whole, Silent())
    stopped = run_in(here / "stopped", "inner.epochs=4")
    assert performed_with_stops(stopped) > 8
    assert records(stopped.folder) == records(whole.folder)
    adapters = [(run.folder / "adapter/adapter_model.safetensors").read_bytes() for run in (whole, stopped)]
    assert adapters[0] == adapters[1]


def test_without_a_valid_self_edit_the_passages_alone_are_trained_on(here: Path) -> None:
    rows = [json.loads(line) for line in Path("mine.jsonl").read_text().splitlines()]
    Path("mine.jsonl").write_text("".join(json.dumps(row | {"self_edits": [" "]}) + "\n" for row in rows))
    run = run_in(here, "inner.epochs=2", "recipe.doublings=0")
    monitor = Interrupting()
    perform(run, monitor)
    assert list(trainings(run.folder)) == ["passage_only"]
    assert monitor.n_done == monitor.n_planned == run.recipe.forecast(preflight(run), run).units
    assert "on the passages alone" in " ".join((run.folder / "adapter/README.md").read_text().split())
