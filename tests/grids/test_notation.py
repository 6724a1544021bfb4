"""Grids as text, and text as grids."""

from contextlib import suppress
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.grids.grid import Grid, Pair
from seal.grids.notation import DIGITS, NOTATIONS, NUMPY, WORDS, Notation
from tests.grids.values import golden, grid, grids, puzzle_of

ANY = pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
HOSTILE = st.one_of(st.text(), st.text(alphabet="[]0123 \n#-.ae9٣", max_size=60))


def test_numpy_lines_equal_the_golden_vectors(reference: Path) -> None:
    for vector in golden(reference, "golden_augment_and_prompt.json"):
        puzzle, index = puzzle_of(reference, vector)
        lines = vector["grid_lines"]
        assert NUMPY.demonstrations(puzzle.train) == lines["demonstrations"]
        assert NUMPY.query_line(puzzle.tests[index]) == lines["query"]
        assert NUMPY.target_line(NUMPY.read(lines["target"].removesuffix("#"))) == lines["target"]


def test_each_notation_writes_in_its_own_way() -> None:
    pair = Pair(grid("202", "020"), grid("7"))
    assert NUMPY.pair_line(pair) == "[[2 0 2]\n [0 2 0]] -> [[7]]#"
    assert DIGITS.pair_line(pair) == "202\n020 -> 7#"
    assert WORDS.pair_line(pair) == "red black red\nblack red black -> orange#"
    assert DIGITS.demonstrations([pair, pair]) == "202\n020 -> 7#\n202\n020 -> 7#\n"


@ANY
@given(one=grids())
def test_what_is_written_is_read_back(notation: Notation, one: Grid) -> None:
    assert notation.read(notation.write(one)) == one
    assert notation.read(f"\n {notation.write(one)} \n") == one


@settings(max_examples=25)
@given(grids(longest=30))
def test_the_numpy_notation_is_what_numpy_prints(one: Grid) -> None:
    assert NUMPY.write(one) == str(np.array(one.lists()))


@ANY
@given(text=HOSTILE)
def test_hostile_text_is_a_grid_or_a_value_error(notation: Notation, text: str) -> None:
    with suppress(ValueError):
        assert isinstance(notation.read(text), Grid)


@ANY
@pytest.mark.parametrize("piece", ["[", "]", "]\n ", "[[", "1", "1 ", "[[1]\n", " ", "\n", "red ", "]   [", "\x00"])
def test_a_megabyte_of_anything_is_refused_at_once(notation: Notation, piece: str) -> None:
    began = perf_counter()
    for length in (20_000, 1_000_000):
        with pytest.raises(ValueError, match=r"text|row|cell"):
            notation.read(piece * (length // len(piece)))
    assert perf_counter() - began < 1


@pytest.mark.parametrize(
    ("notation", "text", "reason"),
    [
        (NUMPY, "", "does not begin with"),
        (NUMPY, "[[1 2]\n [3]]", "row 2 has 1 cells, row 1 has 2"),
        (NUMPY, "[[10]]", "row 1, cell 1 is '10', no colour"),
        (NUMPY, "[[1.]]", "no colour"),
        (NUMPY, "[[٣]]", "no colour"),
        (NUMPY, "[[]]", "row 1 is empty"),
        (NUMPY, "[[1]]]", "no colour"),
        (NUMPY, "[[1]]#", "end with"),
        (DIGITS, "12\n3", "row 2 has 1 cells"),
        (DIGITS, "1a", "cell 2 is 'a'"),
        (DIGITS, "", "no rows"),
        (WORDS, "red pink", "cell 2 is 'pink'"),
        (WORDS, "red\n\nred", "row 2 is empty"),
    ],
)
def test_what_is_no_grid_is_refused_with_the_reason(notation: Notation, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        notation.read(text)
