"""Puzzles of grids in the report: what is read of a run, and what is drawn of it."""

import json
from dataclasses import replace
from pathlib import Path

from PIL import Image

from seal.folder.store import Store
from seal.grids.grid import Grid, Pair, Puzzle
from seal.report.grid_pictures import DARK, LIGHT, RIGHT, WRONG, block_rows, draw_puzzle, heading
from seal.report.puzzles import COLOURS, Answer, Answered, read_puzzles
from seal.stats.results import Results
from seal.types import Context, Evaluation, Failure, Query

SMALL, LARGE = Grid.of([[1, 2], [3, 4]]), Grid.of([[colour % 10 for colour in range(30)]] * 30)


def answered(wanted: Grid, *answers: Answer, setting: str = "oracle") -> Answered:
    puzzle = Puzzle(id="p", train=(Pair(SMALL, LARGE),) * 12, tests=(SMALL,))
    none = {setting: 0, "in_context": 0}
    return Answered(
        puzzle=puzzle,
        solutions=(wanted,),
        answers={setting: answers, "in_context": ()},
        n_failed=none,
        n_invalid=none,
    )


def colours_of(path: Path) -> set[str]:
    with Image.open(path) as picture:
        found = picture.convert("RGB").getcolors(1 << 24) or []
    return {"#" + "".join(f"{value:02x}" for value in colour) for _, colour in found if isinstance(colour, tuple)}


def test_every_colour_of_the_grids_is_in_the_picture(tmp_path: Path) -> None:
    draw_puzzle(answered(LARGE), tmp_path / "p.png")
    assert {*COLOURS} <= colours_of(tmp_path / "p.png")


def test_right_and_wrong_attempts_are_framed_differently(tmp_path: Path) -> None:
    right = Answer(solved=True, tests=(((SMALL, 3),),))
    wrong = Answer(solved=False, tests=(((LARGE, 2), (Grid.of([[0]]), 1)),))
    draw_puzzle(answered(SMALL, right), tmp_path / "right.png")
    draw_puzzle(answered(SMALL, wrong), tmp_path / "wrong.png")
    draw_puzzle(answered(SMALL, wrong, right), tmp_path / "best.png")
    assert {RIGHT, WRONG} & colours_of(tmp_path / "right.png") == {RIGHT}
    assert {RIGHT, WRONG} & colours_of(tmp_path / "wrong.png") == {WRONG}
    assert RIGHT in colours_of(tmp_path / "best.png")


def test_grids_keep_their_colours_on_dark_paper(tmp_path: Path) -> None:
    draw_puzzle(answered(LARGE), tmp_path / "light.png", paper=LIGHT)
    draw_puzzle(answered(LARGE), tmp_path / "dark.png", paper=DARK)
    assert {*COLOURS, DARK.colour} <= colours_of(tmp_path / "dark.png")
    assert LIGHT.colour in colours_of(tmp_path / "light.png")
    assert LIGHT.colour not in colours_of(tmp_path / "dark.png")


def test_many_large_grids_go_on_to_new_lines(tmp_path: Path) -> None:
    draw_puzzle(answered(SMALL, Answer(solved=False, tests=((),))), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.width <= 960 * 2 + 32
        assert picture.height > picture.width / 2


def test_a_heading_counts_the_self_edits_and_trainings_that_nothing_came_of() -> None:
    right = Answer(solved=True, tests=(((SMALL, 3),),))
    one = answered(SMALL, right, setting="round_1")
    assert heading(one, "round_1") == "round 1: 1 of 1"
    assert heading(replace(one, n_invalid={"round_1": 1}), "round_1") == "round 1: 1 of 2, 1 invalid"
    lost = replace(one, n_invalid={"round_1": 1}, n_failed={"round_1": 2})
    assert heading(lost, "round_1") == "round 1: 1 of 4, 1 invalid, 2 failed"
    assert heading(replace(lost, solutions=()), "round_1") == "round 1: 1 invalid, 2 failed"


def test_a_setting_that_nothing_came_of_keeps_its_place() -> None:
    nothing = replace(answered(SMALL), n_failed={"oracle": 2, "in_context": 0})
    assert [block.heading for row in block_rows(nothing) for block in row][-2:] == [
        "oracle: 0 of 2, 2 failed",
        "in context",
    ]


def test_matched_settings_have_answers_of_their_own(tmp_path: Path) -> None:
    text = json.dumps({"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]})
    context = Context(id="p", title="p", text=text, queries=(Query(question="", prompt="", target="[[[1]]]"),))
    store = Store(tmp_path)
    store.append("contexts", {"p": context}, Context)
    sources = ["passage", "oracle_matched_0", "oracle_matched_1", "oracle_matched_round_1_0", "edit_0"]
    sources += ["untrained_matched_round_1_0", "oracle_10_epochs_0", "oracle_matched_round_10_0"]
    failures = {f"round_0/p/{source}/0": Failure(reason="out of memory") for source in sources}
    store.append("evaluations", {**failures, "round_1/p/edit_0/0": failures["round_0/p/edit_0/0"]}, Failure)
    settings = ["oracle", "oracle_matched", "self_edits_round_0", "oracle_matched_round_1"]
    settings += ["untrained_matched_round_1", "round_1"]
    [found] = read_puzzles(tmp_path, Results(table=(), scores={setting: {"p": 0.0} for setting in settings}), {})
    assert found.n_failed == dict.fromkeys(settings, 1) | {"oracle_matched": 2}


def test_what_nothing_came_of_is_counted_and_not_read_as_an_answer(tmp_path: Path) -> None:
    text = json.dumps({"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]})
    context = Context(id="a/p", title="p", text=text, queries=(Query(question="", prompt="", target="[[[1]]]"),))
    store = Store(tmp_path)
    store.append("contexts", {"a/p": context}, Context)
    failure = Failure(reason="out of memory")
    outcomes: dict[str, Evaluation | Failure] = {"round_0/a/p/passage/0": failure, "round_0/a/p/edit_0/0": failure}
    store.append("evaluations", outcomes, Evaluation | Failure)
    scores: dict[str, dict[str, float]] = {"oracle": {}, "self_edits_round_0": {"a/p": 0.0}}
    [found] = read_puzzles(tmp_path, Results(table=(), scores=scores), {"a/p": {"self_edits_round_0": 3}})
    assert found.n_failed == {"oracle": 1, "self_edits_round_0": 1}
    assert found.n_invalid == {"oracle": 0, "self_edits_round_0": 3}
    assert found.answers == {"oracle": (), "self_edits_round_0": ()}
