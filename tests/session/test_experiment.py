"""A run's folder: resumed when it is the same run, refused when it is another, deleted only when asked."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from seal.base.monitor import Silent
from seal.config import loading
from seal.session.experiment import perform
from tests.architectures.shrinking import small_folder
from tests.conftest import SMALL, records, settings_without
from tests.models import random_folder
from tests.nn.test_company import PHI3

Seal = Callable[..., int]
RUN = Path("outputs/tiny")
QUICK = (*SMALL, "recipe.rounds=0")


def test_a_finished_run_given_again_does_nothing_and_reports_again(seal: Seal) -> None:
    assert seal("run", *QUICK) == 0
    before = records(RUN), (RUN / "manifest.json").read_bytes(), (RUN / "metrics.jsonl").read_bytes()
    assert seal("run", *QUICK) == 0
    assert (records(RUN), (RUN / "manifest.json").read_bytes(), (RUN / "metrics.jsonl").read_bytes()) == before


def test_another_configuration_is_refused_with_every_key_that_differs(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    seal("run", *QUICK)
    before = records(RUN)
    capsys.readouterr()
    assert seal("run", *QUICK, "inner.rank=4", "self_edit.top_p=0.5") == 2
    message = capsys.readouterr().err
    assert "inner.rank: 32 there, 4 now" in message
    assert "self_edit.top_p: 0.95 there, 0.5 now" in message
    assert "if_exists=replace" in message
    assert records(RUN) == before


@pytest.mark.slow
def test_where_it_runs_and_who_is_told_may_change_on_the_way(seal: Seal) -> None:
    seal("run", *QUICK)
    assert seal("run", *QUICK, "cluster.threads=2") == 0


def test_if_exists_fail_refuses_the_same_run_too(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *QUICK, "if_exists=fail") == 0
    assert seal("run", *QUICK, "if_exists=fail") == 2
    assert "holds a run already" in capsys.readouterr().err


@pytest.mark.slow
def test_if_exists_replace_deletes_the_run_that_is_there(seal: Seal) -> None:
    seal("run", *QUICK)
    assert seal("run", *QUICK, "seed=1", "if_exists=replace") == 0
    assert json.loads((RUN / "manifest.json").read_text())["settings"]["seed"] == 1


def test_replace_never_deletes_a_folder_that_holds_no_run(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    RUN.mkdir(parents=True)
    (RUN / "thesis.tex").write_text("years of work")
    assert seal("run", *QUICK, "if_exists=replace") == 2
    assert "is not empty" in capsys.readouterr().err
    assert (RUN / "thesis.tex").read_text() == "years of work"


@pytest.mark.slow
def test_a_run_never_lies_inside_another_nor_around_it(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *QUICK, "name=a/b") == 0
    assert seal("run", *QUICK, "name=a", "if_exists=replace") == 2
    assert "holds other runs (b)" in capsys.readouterr().err
    assert seal("run", *QUICK, "name=a/b/c") == 2
    assert "would lie inside the run outputs/a/b" in capsys.readouterr().err
    assert (Path("outputs/a/b/results.json")).exists()


@pytest.mark.parametrize("name", [".", "./", "a/../b"])
def test_a_name_has_to_name_a_folder_inside_the_outputs(
    seal: Seal, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert seal("run", *QUICK, f"name={name}") == 2
    assert "does not lead to a folder inside outputs" in capsys.readouterr().err


@pytest.mark.slow
def test_a_second_process_is_refused_while_the_first_is_at_work(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    RUN.mkdir(parents=True)
    with (RUN / "run.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("process 42 on node7")
        lock.flush()
        for how in ("resume", "replace"):
            assert seal("run", *QUICK, f"if_exists={how}") == 2
            assert "process 42 on node7 works in outputs/tiny" in capsys.readouterr().err
    assert seal("run", *QUICK) == 0


@pytest.mark.slow
def test_each_process_leaves_its_facts_and_a_changed_one_is_noted(seal: Seal) -> None:
    seal("run", *QUICK)
    seal("run", *QUICK)
    file = RUN / "sessions.jsonl"
    first, second = map(json.loads, file.read_text().splitlines())
    assert first["packages"] == second["packages"]
    assert json.loads((RUN / "results.json").read_text())["notes"] == []
    first["packages"]["torch"] = "1.0"
    file.write_text(json.dumps(first) + "\n")
    seal("run", *QUICK)
    [note] = json.loads((RUN / "results.json").read_text())["notes"]
    assert "another set of packages" in note


def test_changed_data_are_another_run(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"title": "A", "passage": "Leo has a cat.", "questions": [{"question": "?", "answer": "Leo"}]}
    command = ("recipe=adapt", "task=passages", "task.path=my.jsonl", "recipe.edits_per_context=0", "inner.epochs=1")
    Path("my.jsonl").write_text(json.dumps(row) + "\n")
    assert seal("run", *command) == 0
    Path("my.jsonl").write_text(json.dumps(row | {"passage": "Leo has a dog."}) + "\n")
    assert seal("run", *command) == 2
    assert "the task's data has changed since" in capsys.readouterr().err


@pytest.mark.slow
def test_other_weights_in_the_same_folder_are_another_run(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = random_folder(tmp_path / "model", "llama")
    command = (*QUICK, "model=local", f"model.path={folder}")
    assert seal("run", *command) == 0
    network = AutoModelForCausalLM.from_pretrained(folder)
    network.model.norm.weight.data += 1
    network.save_pretrained(folder)
    assert seal("run", *command) == 2
    assert "the model's files have changed since" in capsys.readouterr().err


def test_a_record_that_is_no_record_stops_the_run_and_is_named(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    seal("run", *QUICK)
    file = RUN / "evaluations.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0], "[1, 2]\n", *lines[2:]]))
    assert seal("run", *QUICK) == 1
    assert "evaluations.jsonl:2: not a record" in capsys.readouterr().err


@pytest.mark.slow
def test_a_damaged_line_taken_out_is_done_again_with_the_same_result(seal: Seal) -> None:
    seal("run", *QUICK)
    before = records(RUN)
    file = RUN / "evaluations.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0], *lines[2:]]))
    assert seal("run", *QUICK) == 0
    after = records(RUN)
    assert sorted(after["evaluations.jsonl"].splitlines()) == sorted(before["evaluations.jsonl"].splitlines())
    assert after["results.json"] == before["results.json"]


class Counting(Silent):
    """A monitor that remembers how much was planned and done."""

    n_planned = n_done = 0

    def planned(self, n_units: int) -> None:
        self.n_planned += n_units

    def advanced(self, n_units: int) -> None:
        self.n_done += n_units


@pytest.mark.parametrize("recipe", ["train", "evaluate", "adapt"])
def test_every_recipe_does_as_many_units_as_it_planned(tmp_path: Path, recipe: str) -> None:
    of_others = ("recipe.rounds", "recipe.contexts_per_round", "recipe.held_out_edits", "recipe.repeats")
    overrides = SMALL if recipe == "train" else settings_without(SMALL, "experiment", *of_others)
    run, _ = loading.load([*overrides, f"recipe={recipe}", f"outputs={tmp_path}"])
    counting = Counting()
    perform(run, counting)
    assert counting.n_done == counting.n_planned > 0


@pytest.mark.slow
def test_what_a_model_does_not_do_in_company_is_said_in_the_results(seal: Seal, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "model", "phi3", **PHI3)
    fewer = ("task.n_train", "task.n_held_out", "recipe.contexts_per_round")
    small = (*settings_without(SMALL, *fewer), *(f"{name}=1" for name in fewer))
    model = ("model=local", f"model.path={folder}", "inner.targets=[qkv_proj]")
    assert seal("run", *settings_without(small, "recipe.rounds"), "recipe.rounds=0", *model) == 0
    notes = json.loads((RUN / "results.json").read_text())["notes"]
    assert [note for note in notes if note.startswith("Phi3ForCausalLM writes side by side where they have")]
    assert len(notes) == len(set(notes))
