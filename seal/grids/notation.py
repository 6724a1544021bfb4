"""How grids are written for a model, and read from what a model wrote. What it writes is hostile until read."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from seal.grids.grid import LONGEST_SIDE, N_COLOURS, Grid, Pair

ARROW = " -> "
END = "#"
"""Closes an output: a model that writes it is done."""

_LONGEST_TEXT = 30_000
"""Characters, far more than the largest grid needs in any notation. Longer text is refused unread."""

_DIGITS = tuple(str(colour) for colour in range(N_COLOURS))
_WORDS = ("black", "blue", "red", "green", "yellow", "grey", "fuchsia", "orange", "teal", "brown")


@dataclass(frozen=True, slots=True)
class Notation:
    """A way to write grids. What it writes, it reads back to the same grid."""

    name: str
    cells: tuple[str, ...]
    """How each colour is written, in the order of the colours."""
    join: Callable[[Sequence[Sequence[str]]], str]
    split: Callable[[str], Sequence[Sequence[str]]]
    """Raises ValueError where the text has no rows."""

    def write(self, grid: Grid) -> str:
        return self.join([[self.cells[cell] for cell in row] for row in grid.rows])

    def read(self, text: str, *, longest: int = LONGEST_SIDE) -> Grid:
        """The grid that a text is. White space around it and between cells does not matter. No side is over `longest`.

        Raises:
            ValueError: it is anything else than one grid; with the reason.
        """
        if len(text) > _LONGEST_TEXT:
            raise ValueError(f"the text has {len(text)} characters, more than any grid")
        colour_of: dict[str, Any] = {cell: colour for colour, cell in enumerate(self.cells)}
        rows = self.split(text.strip())
        return Grid.of([[colour_of.get(cell, cell) for cell in row] for row in rows], longest=longest)

    def query_line(self, grid: Grid) -> str:
        """An input, up to where its output begins (arXiv 2411.07279)."""
        return f"{self.write(grid)}{ARROW}"

    def target_line(self, grid: Grid) -> str:
        """An output, as it follows a `query_line`."""
        return f"{self.write(grid)}{END}"

    def pair_line(self, pair: Pair) -> str:
        return self.query_line(pair.input) + self.target_line(pair.output)

    def demonstrations(self, pairs: Iterable[Pair]) -> str:
        """Every pair, each closed by a line break."""
        return "".join(f"{self.pair_line(pair)}\n" for pair in pairs)


def _join_numpy(rows: Sequence[Sequence[str]]) -> str:
    return "[" + "\n ".join(f"[{' '.join(row)}]" for row in rows) + "]"


def _split_numpy(text: str) -> list[list[str]]:
    if not (text.startswith("[[") and text.endswith("]]")):
        raise ValueError("the text does not begin with [[ and end with ]]")
    return [row.split() for row in re.split(r"\]\s*\[", text[2:-2])]


def _join_digits(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("".join(row) for row in rows)


def _split_digits(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _join_words(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(" ".join(row) for row in rows)


def _split_words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


NUMPY = Notation("numpy", _DIGITS, _join_numpy, _split_numpy)
"""As NumPy prints: `[[2 0 2]\\n [0 2 0]]`. The published one."""
DIGITS = Notation("digits", _DIGITS, _join_digits, _split_digits)
"""A row a line, a digit a cell."""
WORDS = Notation("words", _WORDS, _join_words, _split_words)
"""A row a line, the name of a colour a cell."""
NOTATIONS = {notation.name: notation for notation in (NUMPY, DIGITS, WORDS)}
