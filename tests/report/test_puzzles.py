"""Puzzles of grids in the report: what is read of a run, and what is drawn of it."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from seal.grids.grid import Grid, Pair, Puzzle
from seal.report.grid_pictures import RIGHT, WRONG, draw_puzzle
from seal.report.puzzles import COLOURS, Answer, Answered

SMALL, LARGE = Grid.of([[1, 2], [3, 4]]), Grid.of([[colour % 10 for colour in range(30)]] * 30)


def answered(wanted: Grid, *answers: Answer, setting: str = "oracle") -> Answered:
    puzzle = Puzzle(id="p", train=(Pair(SMALL, LARGE),) * 12, tests=(SMALL,))
    return Answered(puzzle=puzzle, solutions=(wanted,), answers={setting: answers, "in_context": ()})


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


def test_many_large_grids_go_on_to_new_lines(tmp_path: Path) -> None:
    draw_puzzle(answered(SMALL, Answer(solved=False, tests=((),))), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.width <= 960 * 2 + 32
        assert picture.height > picture.width / 2


def test_a_setting_that_nothing_came_of_still_has_its_place(tmp_path: Path) -> None:
    nothing = answered(SMALL)
    draw_puzzle(nothing, tmp_path / "without.png")
    draw_puzzle(replace(nothing, untried={"oracle": "2 invalid"}), tmp_path / "said.png")
    with Image.open(tmp_path / "without.png") as without, Image.open(tmp_path / "said.png") as said:
        assert said.tobytes() != without.tobytes()
