"""What is measured on fewer contexts or questions than there are, or than were asked for, is said with its reason."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.config import loading
from seal.session.preflight import preflight

Seal = Callable[..., int]
FACTS = ("task.n_train=4", "task.n_held_out=3")


def said(*overrides: str) -> list[str]:
    run, _ = loading.load(overrides)
    return list(run.recipe.left_out(run.task.load()))


def asked_about(number: int) -> dict[str, str]:
    return {"question": "Which river?", "answer": f"river {number}"}


def passages(folder: Path, n: int, *, asked: int | None = None) -> Path:
    rows = [
        {
            "title": f"T{number}",
            "passage": f"City {number} lies at river {number}.",
            "questions": [{"question": "Which river?", "answer": f"river {number}"}]
            * (asked is None or number < asked),
        }
        for number in range(n)
    ]
    file = folder / "my.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_evaluate_says_which_part_it_asks_about(tmp_path: Path) -> None:
    mine = ("recipe=evaluate", "task=passages", f"task.path={passages(tmp_path, 8)}", "task.limit=5")
    assert said(*mine) == [
        "2 of 5 contexts are in the part 'held_out' (task.held_out=0.5), and only these are asked about; "
        "recipe.part=all asks about both parts"
    ]
    assert said(*mine, "recipe.contexts=1") == [
        "2 of 5 contexts are in the part 'held_out' (task.held_out=0.5), and only these are asked about; "
        "recipe.contexts takes 1 of them; recipe.part=all asks about both parts"
    ]
    assert said(*mine, "recipe.part=all") == []


def test_where_the_user_set_the_size_of_each_part_the_parts_are_not_explained() -> None:
    assert said(*FACTS, "recipe=evaluate") == []
    assert said(*FACTS, "recipe=evaluate", "recipe.contexts=2") == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["recipe=evaluate", "recipe.part=all", "recipe.contexts=50"],
            "recipe.contexts is 50, but there are 7 contexts: all of them are taken",
        ),
        (
            ["recipe=train", "recipe.contexts_per_round=4", "recipe.held_out_contexts=9"],
            "recipe.held_out_contexts is 9, but there are 3 held-out contexts: all of them are taken",
        ),
        (
            ["recipe=train", "recipe.contexts_per_round=5"],
            "recipe.contexts_per_round is 5, but there are 4 for training: all of them are taken",
        ),
        (
            ["recipe=corpus", "recipe.part=all", "recipe.questions=500"],
            "recipe.questions is 500, but there are 42 questions: all of them are taken",
        ),
        (
            ["recipe=corpus", "recipe.part=all", "recipe.questions=1"],
            "1 of 42 questions are asked, drawn by recipe.seed; they are about 1 of 7 contexts",
        ),
        (
            ["recipe=continual", "recipe.part=all", "recipe.length=2", "recipe.sequences=2"],
            "4 of 7 contexts are in the 2 sequences of 2",
        ),
    ],
)
def test_each_limit_is_said_with_counts(overrides: list[str], sentence: str) -> None:
    assert said(*FACTS, *overrides) == [sentence]


def test_where_everything_is_measured_nothing_is_said() -> None:
    assert said(*FACTS, "recipe=train", "recipe.contexts_per_round=4") == []
    assert said(*FACTS, "recipe=evaluate", "recipe.part=all") == []


def test_adapt_says_how_many_passages_it_cannot_ask_about(tmp_path: Path) -> None:
    mine = ("recipe=adapt", "task=passages", f"task.path={passages(tmp_path, 5, asked=2)}")
    assert said(*mine) == ["3 of 5 passages have no question: they are learned, and not asked about"]


def test_passages_that_are_cut_in_training_are_named_with_their_lengths(tmp_path: Path) -> None:
    file = tmp_path / "my.jsonl"
    texts = ["Short.", *("It is old. " * n for n in (90, 80, 70, 60))]
    rows = [{"title": f"T{n}", "passage": text, "questions": []} for n, text in enumerate(texts)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run, _ = loading.load(["recipe=adapt", "task=passages", f"task.path={file}", "inner.max_tokens=100"])
    [note] = [note for note in preflight(run).notes if "cut in training" in note]
    assert note.startswith("4 of 5 passages are longer than inner.max_tokens=100 and are cut in training: row ")
    assert note.endswith(" and 1 more")


def test_check_and_results_say_it_and_a_file_names_every_row(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = passages(tmp_path, 4)
    file.write_text(file.read_text() * 3)
    mine = ("recipe=evaluate", "inner=none", "task=passages", f"task.path={file}", "cluster.threads=1", "name=run")
    assert seal("check", *mine) == 0
    checked = " ".join(capsys.readouterr().out.split())
    assert "note: 8 rows repeat an earlier passage" in checked
    assert "note: 2 of 4 contexts are in the part 'held_out' (task.held_out=0.5)" in checked
    assert seal("run", *mine) == 0
    notes = json.loads(Path("outputs/run/results.json").read_text())["notes"]
    [repeated] = [note for note in notes if "repeat" in note]
    assert repeated.endswith("rows 5, 6, 7 and 5 more; all are in notes.txt")
    lines = Path("outputs/run/notes.txt").read_text().split()
    assert lines[-2:] == ["rows", "12"]
    assert any(note.startswith("2 of 4 contexts are in the part") for note in notes)
