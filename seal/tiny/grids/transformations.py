"""Transformations of grids of many sizes, as in puzzles by people. They are another part of pretraining.

They teach the sizes, backgrounds and concepts (mirror, crop, repeat, recolour, fall, count …) of ARC puzzles. One
transformation is drawn per puzzle, and makes all its pairs. Arrays are [height, width].
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.int64]
Change = Callable[[Cells], Cells]
Marks = NDArray[np.bool_]
N_COLOURS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Ranges of grid sizes, in cells. The inputs of one puzzle may differ in size."""

    heights: tuple[int, int]
    widths: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of inputs."""

    background: int
    colours: tuple[int, ...]
    density: float
    """The share of cells that are not background."""


Kind = Callable[[Random, Palette], Change]
"""Draws one transformation of a kind, for inputs with this palette."""


def draw_palette(random: Random, *, most: int = 9) -> Palette:
    """A random palette: dense and colourful, or a few marks on a background. Most backgrounds are black."""
    background = 0 if random.random() < 0.8 else random.randrange(N_COLOURS)
    others = [colour for colour in range(N_COLOURS) if colour != background]
    colours = random.sample(others, random.randint(1, min(most, len(others))))
    return Palette(background=background, colours=tuple(colours), density=random.choice([0.2, 0.35, 0.5, 0.7, 1.0]))


def draw_grid(random: Random, palette: Palette, sizes: Sizes) -> Cells:
    """A grid with at least one mark."""
    shape = random.randint(*sizes.heights), random.randint(*sizes.widths)
    cells = np.full(shape, palette.background, dtype=np.int64)
    for place in np.ndindex(shape):
        if random.random() < palette.density:
            cells[place] = random.choice(palette.colours)
    if (cells == palette.background).all():
        cells[random.randrange(shape[0]), random.randrange(shape[1])] = random.choice(palette.colours)
    return cells


def draw_change(random: Random, palette: Palette) -> Change:
    """A random transformation, sometimes two in a row."""
    [kind] = random.choices(_KINDS, _WEIGHTS)
    first: Change = kind(random, palette)
    if random.random() < 0.15:
        seconds: list[Kind] = [_symmetry, _recolour]
        second = random.choice(seconds)(random, palette)
        return lambda cells: second(first(cells))
    return first


def _symmetry(random: Random, palette: Palette) -> Change:
    turns, transposed = random.choice([(1, False), (2, False), (3, False), (0, True), (1, True), (2, True), (3, True)])
    return lambda cells: np.rot90(cells.T if transposed else cells, turns)


def _roll(random: Random, palette: Palette) -> Change:
    steps = random.choice([(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (0, 2), (2, 0), (-1, 1)])
    return lambda cells: np.roll(cells, steps, (0, 1))


def _shift(random: Random, palette: Palette) -> Change:
    (down, right), fill = random.choice([(0, 1), (1, 0), (0, -1), (-1, 0)]), palette.background

    def shifted(cells: Cells) -> Cells:
        moved = np.roll(cells, (down, right), (0, 1))
        if down:
            moved[0 if down > 0 else -1, :] = fill
        else:
            moved[:, 0 if right > 0 else -1] = fill
        return moved

    return shifted


def _crop(random: Random, palette: Palette) -> Change:
    def box(cells: Cells) -> Cells:
        rows, columns = np.nonzero(cells != palette.background)
        return cells[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] if len(rows) else cells

    crops: list[Change] = [
        box,
        box,
        lambda cells: cells[: max(1, len(cells) // 2)],
        lambda cells: cells[-max(1, len(cells) // 2) :],
        lambda cells: cells[:, : max(1, cells.shape[1] // 2)],
        lambda cells: cells[:, -max(1, cells.shape[1] // 2) :],
        lambda cells: cells[:2, :2],
        lambda cells: cells[-2:, -2:],
        lambda cells: cells[:1],
        lambda cells: cells[:, :1],
        lambda cells: cells[1:-1, 1:-1] if min(cells.shape) > 2 else cells,
    ]
    return random.choice(crops)


def _scale(random: Random, palette: Palette) -> Change:
    down, across = random.choice([(2, 2), (2, 1), (1, 2), (2, 2), (3, 3)])
    return lambda cells: cells.repeat(down, 0).repeat(across, 1)


def _tile(random: Random, palette: Palette) -> Change:
    times = random.choice([(2, 1), (1, 2), (2, 2), (1, 3), (3, 1)])
    return lambda cells: np.tile(cells, times)


def _mirror(random: Random, palette: Palette) -> Change:
    def both(cells: Cells) -> Cells:
        top = np.hstack([cells, cells[:, ::-1]])
        return np.vstack([top, top[::-1]])

    return random.choice(
        [
            lambda cells: np.vstack([cells, cells[::-1]]),
            lambda cells: np.vstack([cells[::-1], cells]),
            lambda cells: np.hstack([cells, cells[:, ::-1]]),
            lambda cells: np.hstack([cells[:, ::-1], cells]),
            both,
        ]
    )


def _symmetrize(random: Random, palette: Palette) -> Change:
    """Marks also appear on the opposite side."""
    turns: list[Change] = [lambda c: c[::-1], lambda c: c[:, ::-1], lambda c: c[::-1, ::-1]]
    turned = random.choice(turns)
    return lambda cells: np.where(cells != palette.background, cells, turned(cells))


def _recolour(random: Random, palette: Palette) -> Change:
    mapping = np.arange(N_COLOURS)
    used = list(palette.colours)
    kind = random.random()
    if kind < 0.4:  # each colour becomes another
        mapping[used] = random.sample(range(N_COLOURS), len(used))
    elif kind < 0.6 and len(used) > 1:  # two change places
        one, other = random.sample(used, 2)
        mapping[[one, other]] = other, one
    elif kind < 0.75:  # one becomes another
        mapping[random.choice([*used, palette.background])] = random.randrange(N_COLOURS)
    elif kind < 0.9:  # all marks become one colour
        mapping[used] = random.randrange(N_COLOURS)
    else:  # one colour alone stays
        kept = random.choice(used)
        mapping[[colour for colour in used if colour != kept]] = palette.background
    return lambda cells: mapping[cells]


def _turn_around_colours(random: Random, palette: Palette) -> Change:
    """Marks and background change places."""

    def turned(cells: Cells) -> Cells:
        marks = cells[cells != palette.background]
        colour = np.bincount(marks).argmax() if len(marks) else palette.background
        return np.where(cells == palette.background, colour, palette.background)

    return turned


def _most_common(random: Random, palette: Palette) -> Change:
    """The most or least frequent colour, as a whole grid or as a single cell."""
    rarest, alone = random.random() < 0.3, random.random() < 0.3

    def filled(cells: Cells) -> Cells:
        colours, counts = np.unique(cells, return_counts=True)
        colour = colours[counts.argmin() if rarest else counts.argmax()]
        return np.full((1, 1) if alone else cells.shape, colour)

    return filled


def _fall(random: Random, palette: Palette) -> Change:
    """Marks fall to a side."""
    turns = random.randrange(4)

    def fallen(cells: Cells) -> Cells:
        turned = np.rot90(cells, turns)
        columns = []
        for column in turned.T:
            marks = column[column != palette.background]
            columns.append(np.concatenate([np.full(len(column) - len(marks), palette.background), marks]))
        return np.rot90(np.stack(columns, 1), -turns)

    return fallen


def _ray(random: Random, palette: Palette) -> Change:
    """Marks extend to a side, until they meet another mark."""
    turns = random.randrange(4)

    def drawn(cells: Cells) -> Cells:
        turned = np.rot90(cells, turns).copy()
        for row in range(1, len(turned)):
            empty = turned[row] == palette.background
            turned[row, empty] = turned[row - 1, empty]
        return np.rot90(turned, -turns)

    return drawn


def _lines(random: Random, palette: Palette) -> Change:
    """A row or column with a mark is painted as a whole."""
    across = random.random() < 0.5

    def painted(cells: Cells) -> Cells:
        turned = cells if across else cells.T
        rows = [np.full(len(row), max(row[row != palette.background], default=palette.background)) for row in turned]
        return np.stack(rows) if across else np.stack(rows).T

    return painted


def _frame(random: Random, palette: Palette) -> Change:
    colour, outside = random.randrange(N_COLOURS), random.random() < 0.4

    def framed(cells: Cells) -> Cells:
        if outside:
            return np.pad(cells, 1, constant_values=colour)
        framed = cells.copy()
        framed[[0, -1], :] = framed[:, [0, -1]] = colour
        return framed

    return framed


def _places(random: Random, palette: Palette) -> Change:
    """Each row or column gets a colour that encodes the position of its first mark."""
    code = np.array([random.randrange(1, N_COLOURS) for _ in range(32)])
    across = random.random() < 0.6

    def coded(cells: Cells) -> Cells:
        turned = cells if across else cells.T
        first = (turned != palette.background).argmax(1)
        rows = np.repeat(code[first][:, None], turned.shape[1], 1)
        return rows if across else rows.T

    return coded


def _halves(random: Random, palette: Palette) -> Change:
    """Two halves on top of each other: marked where one, both or none of them has a mark."""
    colour, upright = random.randrange(1, N_COLOURS), random.random() < 0.5
    rules: list[Callable[[Marks, Marks], Marks]] = [
        lambda a, b: a & b,
        lambda a, b: a | b,
        lambda a, b: a ^ b,
        lambda a, b: ~(a | b),
        lambda a, b: a & ~b,
    ]
    rule = random.choice(rules)

    def laid(cells: Cells) -> Cells:
        turned = cells.T if upright else cells
        half = turned.shape[1] // 2
        if not half:
            return cells
        marked = rule(turned[:, :half] != palette.background, turned[:, -half:] != palette.background)
        found = np.where(marked, colour, palette.background)
        return found.T if upright else found

    return laid


def _classes(random: Random, palette: Palette) -> Change:
    """One cell, or one small pattern, that classifies the grid."""
    answers = [np.array([[random.randrange(N_COLOURS)]]) for _ in range(6)]
    if random.random() < 0.5:
        answers = [np.array([[random.choice([0, 5, 2]) for _ in range(3)] for _ in range(3)]) for _ in range(6)]
    question: Callable[[Cells], int] = random.choice(
        [
            lambda cells: int((cells == cells[:, ::-1]).all()),
            lambda cells: int((cells == cells[::-1]).all()),
            lambda cells: min(5, int((cells != palette.background).sum())),
            lambda cells: min(5, len(np.unique(cells))),
            lambda cells: int(cells[0, 0] != palette.background),
            lambda cells: min(5, int((cells != palette.background).argmax() % cells.shape[1])),
        ]
    )
    return lambda cells: answers[question(cells)]


def _count(random: Random, palette: Palette) -> Change:
    """As many cells in a row or on a diagonal as there are marks or colours."""
    colour, width, of_colours = random.randrange(1, N_COLOURS), random.randint(3, 5), random.random() < 0.5
    diagonal = random.random() < 0.4

    def counted(cells: Cells) -> Cells:
        marks = cells[cells != palette.background]
        number = min(width, len(np.unique(marks)) if of_colours else len(marks))
        found = np.full((width if diagonal else 1, width), palette.background)
        for place in range(number):
            found[place if diagonal else 0, place] = colour
        return found

    return counted


def _colours_in_order(random: Random, palette: Palette) -> Change:
    """The colours of the marks, most frequent first."""
    upright = random.random() < 0.5

    def listed(cells: Cells) -> Cells:
        colours, counts = np.unique(cells[cells != palette.background], return_counts=True)
        row = colours[np.argsort(-counts, kind="stable")][None, :]
        return row.T if upright else row

    return listed


def _some_cells(random: Random, palette: Palette) -> Change:
    """Fixed places, or the marks in them, get a fixed colour."""
    colour, step, only_marks = random.randrange(N_COLOURS), random.choice([2, 3]), random.random() < 0.6

    def painted(cells: Cells) -> Cells:
        rows, columns = np.indices(cells.shape)
        chosen = (columns if step == 3 else rows + columns) % step == 0
        if only_marks:
            chosen &= cells != palette.background
        return np.where(chosen, colour, cells)

    return painted


_CHOICES: tuple[tuple[Kind, float], ...] = (
    (_symmetry, 3),
    (_roll, 1),
    (_shift, 1),
    (_crop, 2),
    (_scale, 1),
    (_tile, 1),
    (_mirror, 1.5),
    (_symmetrize, 1),
    (_recolour, 3),
    (_turn_around_colours, 0.7),
    (_most_common, 1),
    (_fall, 1),
    (_ray, 1.5),
    (_lines, 1),
    (_frame, 0.7),
    (_places, 1),
    (_halves, 1.5),
    (_classes, 1.5),
    (_count, 0.7),
    (_colours_in_order, 0.7),
    (_some_cells, 1),
)
_KINDS, _WEIGHTS = zip(*_CHOICES, strict=True)
