"""Many predictions of one output become at most two attempts: a vote within each symmetry, then one among them.

As in arXiv 2411.07279, with ties broken so that the published attempts come out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seal.grids.grid import Grid
from seal.grids.views import SYMMETRIES, Symmetry

_ATTEMPTS = 2
_CANDIDATES = 3
"""That a group may send to the vote."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """An output, already mapped back to where the test input was."""

    grid: Grid
    inverse: Symmetry
    """The symmetry that mapped it back."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What was chosen, and from what."""

    attempts: tuple[Grid, ...]
    """At most two; none if nothing was predicted."""
    table: tuple[tuple[Grid, int], ...]
    """Every candidate with its votes, best first."""


def vote(predictions: Sequence[Prediction]) -> Vote:
    """The two grids that most of the groups' candidates agree on.

    Predictions are grouped by the inverse applied; each group sends three candidates, and every candidate is a vote.
    Ties go to the grid with more rows that are the most frequent one at their place among all candidates; then to the
    one that first occurs in the later group, in the order of `SYMMETRIES`.
    """
    groups = [[each.grid for each in predictions if each.inverse == name] for name in SYMMETRIES]
    sent = [candidate for group in groups for candidate in _candidates(group)]
    votes = Counter(sent)
    table = sorted(votes, key=lambda grid: (votes[grid], _usual_rows(grid, sent), sent.index(grid)), reverse=True)
    return Vote(attempts=tuple(table[:_ATTEMPTS]), table=tuple((grid, votes[grid]) for grid in table))


def _candidates(group: Sequence[Grid]) -> list[Grid]:
    """The three most frequent grids of a group; ties go to the one with more of the usual rows, then columns.

    Where there are fewer than three different ones, the row-wise and the column-wise majority fill up. Both can only be
    the most frequent grid once more, so that a group that agrees has three votes; of two equals neither is a majority.
    """
    counts = Counter(group)
    columns = [_transposed(grid) for grid in group]
    ranked = sorted(
        counts,
        key=lambda grid: (counts[grid], _usual_rows(grid, group), _usual_rows(_transposed(grid), columns)),
        reverse=True,
    )
    tied = len(ranked) > 1 and counts[ranked[0]] == counts[ranked[1]]
    majorities = [] if tied else ranked[:1] * 2
    return [*ranked[:_CANDIDATES], *majorities][:_CANDIDATES]


def _usual_rows(grid: Grid, others: Sequence[Grid]) -> int:
    """How many rows of a grid are a most frequent one at their place, among grids of the same size."""
    same = [other.rows for other in others if (other.height, other.width) == (grid.height, grid.width)]
    return sum(row in _most_frequent(rows) for row, rows in zip(grid.rows, zip(*same, strict=True), strict=True))


def _most_frequent(rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """All that are as frequent as the most frequent one."""
    counts = Counter(rows)
    return [row for row, count in counts.items() if count == max(counts.values())]


def _transposed(grid: Grid) -> Grid:
    return Grid(tuple(zip(*grid.rows, strict=True)))
