"""The values of the grid domain: grids, pairs, puzzles, and episodes to train on or to ask. No files, no models."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_COLOURS = 10
LONGEST_SIDE = 30
"""Cells. Larger grids do not occur in ARC. They are read from models, and made by augmentations, only of a puzzle that
has larger ones itself."""
LONGEST_READ = 100
"""Cells. 1D-ARC (arXiv 2305.18354) has rows of 93; larger grids are not read from files."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangle of colours 0-9. `of` checks; the constructor and `of_array` trust."""

    rows: tuple[tuple[int, ...], ...]

    @property
    def height(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @property
    def colours(self) -> tuple[int, ...]:
        """Those that occur, in ascending order."""
        return tuple(sorted({cell for row in self.rows for cell in row}))

    @property
    def longest_side(self) -> int:
        return max(self.height, self.width)

    def lists(self) -> list[list[int]]:
        """As JSON holds it."""
        return [list(row) for row in self.rows]

    def array(self) -> NDArray[np.int64]:
        return np.array(self.rows, dtype=np.int64)  # [height, width]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], *, longest: int = LONGEST_SIDE) -> "Grid":
        """The grid of some rows of unknown origin.

        Raises:
            ValueError: with the row or cell at fault: empty, ragged, no colour from 0 to 9, or a side over `longest`.
        """
        fault = next(_faults(rows, longest), None)
        if fault:
            raise ValueError(fault)
        return cls(rows=tuple(tuple(int(cell) for cell in row) for row in rows))

    @classmethod
    def of_array(cls, array: NDArray[Any]) -> "Grid":
        """The grid of an array [height, width] that was made of grids, and is trusted to hold colours."""
        return cls(rows=tuple(tuple(row) for row in array.tolist()))


@dataclass(frozen=True, slots=True)
class Pair:
    """An example of what a puzzle's rule does."""

    input: Grid
    output: Grid


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Demonstrations of a rule, and the inputs to apply it to. What these become stands elsewhere."""

    id: str
    train: tuple[Pair, ...]
    tests: tuple[Grid, ...]

    @property
    def longest_side(self) -> int:
        """The longest side that a grid of this puzzle may have: `LONGEST_SIDE`, or that of the largest shown."""
        shown = [grid for pair in self.train for grid in (pair.input, pair.output)]
        return max(LONGEST_SIDE, *(grid.longest_side for grid in (*shown, *self.tests)))

    @property
    def json(self) -> str:
        """Compact, as ARC's files write it, without the id; `puzzle_in` reads it."""
        tests = [{"input": grid.lists()} for grid in self.tests]
        return _compact({"train": [_pair_lists(pair) for pair in self.train], "test": tests})


@dataclass(frozen=True, slots=True)
class Episode:
    """A question with examples: demonstrations, and one more pair whose output is to be found."""

    demonstrations: tuple[Pair, ...]
    """May be empty: of two pairs, leaving two out leaves none."""
    query: Pair

    @property
    def grids(self) -> Iterator[Grid]:
        """Every grid, in the order in which they are shown."""
        for pair in (*self.demonstrations, self.query):
            yield from (pair.input, pair.output)

    @property
    def digest(self) -> str:
        """The first 16 hex digits of sha256 over its compact JSON: two episodes are the same if these are."""
        lists = {"train": [_pair_lists(pair) for pair in self.demonstrations], "test": _pair_lists(self.query)}
        return sha256(_compact(lists).encode()).hexdigest()[:16]


def puzzle_in(text: str, puzzle_id: str) -> Puzzle:
    """The puzzle that `Puzzle.json` wrote.

    Raises:
        ValueError: the text is no such JSON, or a grid in it is faulty.
    """
    try:
        puzzle = json.loads(text)
        train = tuple(Pair(_read(pair["input"]), _read(pair["output"])) for pair in puzzle["train"])
        return Puzzle(id=puzzle_id, train=train, tests=tuple(_read(test["input"]) for test in puzzle["test"]))
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"puzzle {puzzle_id} is not written as a puzzle: {error!r}") from error


def _read(rows: Any) -> Grid:
    return Grid.of(rows, longest=LONGEST_READ)


def _faults(rows: Any, longest: int) -> Iterator[str]:
    """What is wrong with rows; the first is enough, so the rest is not looked for."""
    if not _is_list(rows):
        yield f"it is no list of rows but {_shown(rows)}"
        return
    if not rows:
        yield "it has no rows"
    if len(rows) > longest:
        yield f"it has {len(rows)} rows, more than {longest}"
    for number, row in enumerate(rows, start=1):
        yield from _row_faults(number, row, len(rows[0]) if _is_list(rows[0]) else 0, longest)


def _row_faults(number: int, row: Any, width: int, longest: int) -> Iterator[str]:
    if not _is_list(row):
        yield f"row {number} is no list of colours but {_shown(row)}"
        return
    if not row:
        yield f"row {number} is empty"
    if len(row) > longest:
        yield f"row {number} has {len(row)} cells, more than {longest}"
    if len(row) != width:
        yield f"row {number} has {len(row)} cells, row 1 has {width}"
    for column, cell in enumerate(row, start=1):
        if not _is_colour(cell):
            yield f"row {number}, cell {column} is {_shown(cell)}, no colour from 0 to {N_COLOURS - 1}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_colour(cell: Any) -> bool:
    whole = isinstance(cell, (int, np.integer)) and not isinstance(cell, bool)
    return whole and 0 <= cell < N_COLOURS


def _shown(value: Any) -> str:
    """A faulty value, cut where it is long. A huge number is not written out: Python refuses to."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a huge number"
    text = type(value).__name__ if isinstance(value, (Mapping, Sequence)) and len(value) > 40 else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _pair_lists(pair: Pair) -> dict[str, list[list[int]]]:
    return {"input": pair.input.lists(), "output": pair.output.lists()}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
