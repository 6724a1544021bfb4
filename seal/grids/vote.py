"""Many predictions of one output become at most two attempts: a vote within each group, then one among all groups.

The rule is the published one (arXiv 2506.10943 §3.2, after arXiv 2411.07279). Where grids, rows or shapes tie, it takes
whichever a set holds first, which is arbitrary. Here one order decides every tie, so equal predictions give equal
attempts, in whatever order they come. The attempts are always among those that some order of sets gives.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seal.grids.grid import Grid
from seal.grids.views import SYMMETRIES, Symmetry

_GROUPED = tuple(name for name in SYMMETRIES if name != "rotate_90")
"""Inverses that make a group of their own. As published, what rotate 90 mapped back counts among all only."""

Line = tuple[int, ...]
"""A row, or a column."""


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
    """At most two, all different; none if nothing was predicted."""
    table: tuple[tuple[Grid, int], ...]
    """The attempts, then every other candidate with most votes first. An attempt that no group sent has 0 votes."""


def vote(predictions: Sequence[Prediction]) -> Vote:
    """The two grids that the groups agree on most.

    All predictions are a group, and so are those of each inverse but rotate 90. A group sends three candidates. All
    candidates are a group once more, whose first two candidates are the attempts; see `_second_of` for an exception.
    """
    everything = [each.grid for each in predictions]
    if not everything:
        return Vote(attempts=(), table=())
    order = _Order.of(everything)
    by_inverse = [[each.grid for each in predictions if each.inverse == name] for name in _GROUPED]
    sent = [one for group in (everything, *by_inverse) if group for one in _candidates(group, order)]
    votes = Counter(sent)
    first, second, third = _candidates(sent, order)
    upright = Counter(each.grid for each in predictions if each.inverse == "identity")
    attempts = dict.fromkeys((first, _second_of(second, third, votes, upright)))
    others = sorted(votes.keys() - attempts.keys(), key=lambda grid: (-votes[grid], order.of_grid(grid)))
    return Vote(attempts=tuple(attempts), table=tuple((grid, votes[grid]) for grid in (*attempts, *others)))


def _second_of(second: Grid, third: Grid, votes: Counter[Grid], upright: Counter[Grid]) -> Grid:
    """Of two candidates with equally many votes the one predicted more often without a symmetry; if equal the third."""
    if votes[second] != votes[third] or upright[second] > upright[third]:
        return second
    return third


@dataclass(frozen=True, slots=True)
class _Order:
    """The order that decides ties."""

    grids: Mapping[Grid, int]
    """The place of each predicted grid."""
    lines: Mapping[Line, int]
    """Of each of their rows and columns: the place of the last grid that has it."""

    @classmethod
    def of(cls, predicted: Sequence[Grid]) -> "_Order":
        """Grids that are predicted more often come first, then those with smaller colours."""
        counts = Counter(predicted)
        in_order = sorted(counts, key=lambda grid: (-counts[grid], grid.rows))
        places = {grid: place for place, grid in enumerate(in_order)}
        lines = {line: place for grid, place in places.items() for line in (*grid.rows, *zip(*grid.rows, strict=True))}
        return cls(grids=places, lines=lines)

    def of_grid(self, grid: Grid) -> tuple[int, tuple[Line, ...]]:
        """The lowest comes first; a majority that nobody predicted comes last."""
        return self.grids.get(grid, len(self.grids)), grid.rows

    def of_line(self, line: Line) -> tuple[int, Line]:
        """The highest comes first: a majority that is the first candidate again would be no candidate of its own."""
        return self.lines.get(line, -1), line


def _candidates(group: Sequence[Grid], order: _Order) -> tuple[Grid, Grid, Grid]:
    """The three most frequent grids of a group, as published.

    *First* is the most frequent one. *Second* and *third* stand last but one and last but two in ascending order of
    frequency. So where the most frequent ones tie, *second* may be *first* again. What repeats another candidate
    becomes the row-wise majority, or, where that repeats one too, the column-wise majority.
    """
    counts = Counter(group)
    different = sorted(counts, key=order.of_grid)
    ascending = sorted(different, key=lambda grid: counts[grid])
    first = max(different, key=lambda grid: counts[grid])
    second = ascending[-2] if len(ascending) > 1 else first
    third = ascending[-3] if len(ascending) > 2 else first
    by_rows, by_columns = _majorities(group, order)
    if second == first:
        second = by_rows if by_rows != first else by_columns
    if third in (first, second):
        third = by_rows if by_rows not in (first, second) else by_columns
    return first, second, third


def _majorities(group: Sequence[Grid], order: _Order) -> tuple[Grid, Grid]:
    """The most frequent row at each place, and the most frequent column, among grids of the most frequent shape."""
    shapes = Counter((grid.height, grid.width) for grid in group)
    shape = min(shapes, key=lambda each: (-shapes[each], each))
    same = [grid.rows for grid in group if (grid.height, grid.width) == shape]
    by_rows = tuple(_most_frequent(rows, order) for rows in zip(*same, strict=True))
    turned = [zip(*rows, strict=True) for rows in same]
    by_columns = tuple(_most_frequent(columns, order) for columns in zip(*turned, strict=True))
    return Grid(by_rows), Grid(tuple(zip(*by_columns, strict=True)))


def _most_frequent(lines: Sequence[Line], order: _Order) -> Line:
    counts = Counter(lines)
    return max(counts, key=lambda line: (counts[line], order.of_line(line)))
