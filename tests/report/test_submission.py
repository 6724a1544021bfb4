"""Attempts at puzzles in the format that the ARC Prize takes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from seal.launch.cli import main

from seal.config import loading
from seal.folder.store import Store, read_records
from seal.grids.grid import puzzle_in
from seal.report.submission import NOTHING, submission
from seal.types import Context, Evaluation, Grade, Verdict

Seal = Callable[..., int]
A, B, C = [[1]], [[2, 2]], [[3], [3]]


def answered(*tests: list[tuple[list[list[int]], int]], n_attempts: int = 0) -> Evaluation:
    """An answer with these candidates, the first of which are the attempts; 0 for an old record that counts none."""
    votes = [[{"grid": grid, "votes": count} for grid, count in candidates] for candidates in tests]
    attempts = [[grid for grid, _ in candidates[:n_attempts]] for candidates in tests] if n_attempts else []
    answer = json.dumps({"attempts": attempts, "votes": votes})
    return Evaluation(seed=0, training=None, verdicts=(Verdict(grade=Grade.WRONG, answer=answer, grader="arc"),))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on two puzzles with two tests each."""
    few = ("task.n_train=1", "task.n_held_out=2", "recipe.rounds=0", "recipe.held_out_edits=1")
    quick = ("inner.rank=1", "self_edit.per_family=1", "self_edit.oracle_epochs=1", "cluster.threads=1")
    outputs = tmp_path_factory.mktemp("outputs")
    assert main(["run", "experiment=grids", *few, *quick, "name=run", f"outputs={outputs}"]) == 0
    return outputs / "run"


def test_a_submission_has_two_attempts_at_every_test_of_every_puzzle(run: Path) -> None:
    made = submission(run, "in_context")
    contexts = loading.load(["experiment=grids", "task.n_train=1", "task.n_held_out=2"])[0].task.load().held_out
    assert made.keys() == {context.id for context in contexts}
    for context in contexts:
        puzzle = puzzle_in(context.text, context.id)
        assert len(made[context.id]) == len(puzzle.tests)
        assert all(each.keys() == {"attempt_1", "attempt_2"} for each in made[context.id])


def test_votes_of_several_models_are_added_up(run: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(run, tmp_path / "run")
    (changed / "evaluations.jsonl").unlink()
    Store(changed).append(
        "evaluations",
        {
            "round_0/held_out_0/passage/0": answered([(A, 3), (B, 2)], [(A, 1)]),
            "round_0/held_out_0/passage/1": answered([(B, 2), (C, 1)], []),
            "round_0/held_out_0/unadapted/0": answered([(C, 9)], [(C, 9)]),
        },
        Evaluation,
    )
    made = submission(changed, "oracle")
    assert made["held_out_0"] == [{"attempt_1": B, "attempt_2": A}, {"attempt_1": A, "attempt_2": NOTHING}]
    assert made["held_out_1"] == [{"attempt_1": NOTHING, "attempt_2": NOTHING}] * 2


def test_a_lone_model_submits_the_attempts_that_it_was_graded_by(run: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(run, tmp_path / "run")
    (changed / "evaluations.jsonl").unlink()
    one = answered([(A, 3), (B, 0), (C, 2)], [(A, 3), (B, 1)], n_attempts=2)
    single = answered([(A, 3), (B, 1)], [(C, 1)], n_attempts=1)
    outcomes = {"round_0/held_out_0/unadapted/0": one, "round_0/held_out_1/unadapted/0": single}
    Store(changed).append("evaluations", outcomes, Evaluation)
    made = submission(changed, "in_context")
    assert made["held_out_0"][0] == {"attempt_1": A, "attempt_2": B}
    assert made["held_out_1"][0] == {"attempt_1": A, "attempt_2": NOTHING}


def test_the_command_writes_a_file(seal: Seal, run: Path) -> None:
    assert seal("submission", str(run), "in_context", "--to", "mine.json") == 0
    assert json.loads(Path("mine.json").read_text()) == submission(run, "in_context")


def test_what_cannot_be_submitted_is_said(
    run: Path, finished: Path, seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("submission", str(run), "round_7") == 2
    assert "has no setting 'round_7', but in_context, " in capsys.readouterr().err
    assert seal("submission", str(finished), "base") == 2
    assert "is not about puzzles of grids" in capsys.readouterr().err


@pytest.mark.slow
def test_puzzles_that_nobody_has_solved_are_submitted_without_a_score(
    seal: Seal, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contexts = read_records(run / "contexts.jsonl", Context)
    Path("hidden.json").write_text(json.dumps({name: json.loads(each.text) for name, each in contexts.items()}))
    puzzles = ("task=arc", "task.train_path=hidden.json", "task.n_train=0", "task.held_out_solved=false")
    small = ("model=tiny_grids", "task.notation=digits", "task.max_answer_tokens=16", "inner.rank=1")
    views = ("task.viewing.permutations=1", "task.viewing.symmetries=[identity]", "cluster.threads=1")
    quick = (
        "recipe=evaluate",
        "recipe.match=none",
        "self_edit.per_family=1",
        "self_edit.oracle_epochs=1",
        "self_edit.tries=1",
    )
    assert seal("run", *puzzles, *small, *views, *quick, "name=hidden") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 held-out puzzles are attempted and NOT scored" in said
    assert "counts as 0" not in said
    evaluations = read_records(Path("outputs/hidden/evaluations.jsonl"), Evaluation)
    assert {verdict.grade for each in evaluations.values() for verdict in each.verdicts} == {Grade.UNKNOWN}
    table = json.loads(Path("outputs/hidden/results.json").read_text())["table"]
    assert [row["accuracy"] for row in table] == [None] * 3
    assert seal("submission", "hidden", "oracle", "--to", "mine.json") == 0
    made = json.loads(Path("mine.json").read_text())
    assert made.keys() == contexts.keys()
    assert any(test["attempt_1"] != NOTHING for tests in made.values() for test in tests)
    assert {path.stem for path in Path("outputs/hidden/report/grids").glob("*.png")} == contexts.keys()


def test_the_report_shows_every_puzzle(run: Path) -> None:
    names = {path.stem for path in (run / "report/grids").glob("*.png")}
    assert names == {"held_out_0", "held_out_1"}
    page = (run / "report/index.html").read_text()
    assert all(f'alt="puzzle {name}"' in page for name in names)
    assert '"input"' not in page.partition("<h2>Self-edits")[2].partition("<h2>Manifest")[0]
