"""Grids, and what is refused as one."""

import re

import numpy as np
import pytest
from hypothesis import given

from seal.grids.grid import Episode, Grid, Pair, Puzzle, puzzle_in
from tests.grids.values import episodes, grid, grids


@given(grids())
def test_a_grid_survives_its_lists_and_its_array(one: Grid) -> None:
    assert Grid.of(one.lists()) == Grid.of_array(one.array()) == one
    assert one.array().shape == (one.height, one.width)
    assert list(one.colours) == sorted(np.unique(one.array()).tolist())


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "it has no rows"),
        ([[]], "row 1 is empty"),
        ([[1], []], "row 2 is empty"),
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4]], "row 3 has 4 cells, row 1 has 5"),
        ([[0, 10]], "row 1, cell 2 is 10, no colour from 0 to 9"),
        ([[0], [-1]], "row 2, cell 1 is -1, no colour"),
        ([[True]], "row 1, cell 1 is True, no colour"),
        ([[1.0]], "row 1, cell 1 is 1.0, no colour"),
        ([["1"]], "row 1, cell 1 is '1', no colour"),
        ([[None]], "row 1, cell 1 is None, no colour"),
        ([[10**5000]], "row 1, cell 1 is a huge number, no colour"),
        ([[0] * 31], "row 1 has 31 cells, more than 30"),
        ([[0]] * 31, "it has 31 rows, more than 30"),
        (["12"], "row 1 is no list of colours but '12'"),
        ([1], "row 1 is no list of colours but 1"),
        ("12", "it is no list of rows but '12'"),
        (None, "it is no list of rows but None"),
        ({"input": 1}, "it is no list of rows but {'input': 1}"),
    ],
)
def test_what_is_no_grid_is_refused_with_the_place(rows: object, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(fault)}"):
        Grid.of(rows)  # type: ignore[arg-type]


def test_a_puzzle_survives_its_json() -> None:
    puzzle = Puzzle(id="a", train=(Pair(grid("12"), grid("3")),), tests=(grid("4"), grid("5")))
    assert puzzle.json == '{"train":[{"input":[[1,2]],"output":[[3]]}],"test":[{"input":[[4]]},{"input":[[5]]}]}'
    assert puzzle_in(puzzle.json, "a") == puzzle


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"train":[1],"test":[]}', '{"train":[],"test":[{"input":[]}]}'])
def test_what_is_no_puzzle_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        puzzle_in(text, "a")


@given(episodes())
def test_equal_episodes_have_equal_digests(episode: Episode) -> None:
    again = Episode(demonstrations=episode.demonstrations, query=episode.query)
    assert episode.digest == again.digest
    assert len(episode.digest) == 16
