"""Grids, pairs and episodes of every kind, for property tests; and the puzzles that the golden vectors are about."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies

from seal.grids.grid import Episode, Grid, Pair, Puzzle, puzzle_in

COLOURS = strategies.integers(0, 9)


@strategies.composite
def grids(draw: strategies.DrawFn, longest: int = 4) -> Grid:
    height, width = draw(strategies.integers(1, longest)), draw(strategies.integers(1, longest))
    row = strategies.lists(COLOURS, min_size=width, max_size=width)
    return Grid.of(draw(strategies.lists(row, min_size=height, max_size=height)))


def pairs() -> strategies.SearchStrategy[Pair]:
    return strategies.builds(Pair, grids(), grids())


def episodes() -> strategies.SearchStrategy[Episode]:
    return strategies.builds(Episode, strategies.lists(pairs(), max_size=3).map(tuple), pairs())


def grid(*rows: str) -> Grid:
    """A grid from rows of digits."""
    return Grid.of([[int(cell) for cell in row] for row in rows])


def golden(reference: Path, name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((reference / "arc" / name).read_text())
    return vectors


def puzzle_of(reference: Path, vector: dict[str, Any]) -> tuple[Puzzle, int]:
    """The puzzle that a golden vector is about, and which of its test inputs."""
    puzzle_id, _, index = vector["task"].partition("-")
    challenges = json.loads((reference / "arc" / f"arc-agi_{vector['split']}_challenges.json").read_text())
    return puzzle_in(json.dumps(challenges[puzzle_id]), puzzle_id), int(index)
