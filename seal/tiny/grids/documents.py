"""The pretraining documents of the small model: puzzles with solutions, and self-edits about puzzles.

A document is a sequence of text pieces. Each has the loss weight of its tokens.
"""

from dataclasses import dataclass
from random import Random

import numpy as np

from seal.grids.grid import Grid, Pair
from seal.grids.notation import DIGITS
from seal.tiny.grids import settings
from seal.tiny.grids.rules import SIDE, Population, Rule, apply, rules_of
from seal.tiny.grids.tokenizer import ASK
from seal.tiny.grids.transformations import N_COLOURS, Cells, Change, Sizes, draw_change, draw_grid, draw_palette

FIRST_WEIGHTS = (0.0, 0.5)
"""Loss weights of the first outputs of a puzzle, which are hard to predict. Later outputs have weight 1."""
N_DEMONSTRATIONS = 3
ENLARGED_SHARE = 0.2
"""Share of enlarged grids among puzzles of moved cells. Augmentations make such grids, so the model must know them."""
ENLARGEMENTS: tuple[Change, ...] = (
    lambda cells: np.tile(cells, (2, 1)),
    lambda cells: np.tile(cells, (1, 2)),
    lambda cells: cells.repeat(2, 0),
    lambda cells: cells.repeat(2, 1),
    lambda cells: np.vstack([cells, cells[::-1]]),
    lambda cells: np.hstack([cells[:, ::-1], cells]),
    lambda cells: cells.repeat(2, 0).repeat(2, 1),
    lambda cells: np.tile(cells, (2, 2)),
)
LARGEST_SIDE = 20
"""Maximum side of an output. A transformation with larger outputs is drawn again."""


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    weight: float


Document = tuple[Piece, ...]
Pairs = list[tuple[Cells, Cells]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Draws documents."""

    random: Random

    def moved_cells(self) -> Document:
        """A puzzle whose rule moves cells. Self-edits are about such puzzles."""
        rule = self.random.choice(rules_of(Population.PRETRAINING))
        pairs = [moved(self.random, rule) for _ in range(self.random.randint(2, 4))]
        if self.random.random() < ENLARGED_SHARE:
            enlarge = self.random.choice(ENLARGEMENTS)
            pairs = [(enlarge(given), enlarge(wanted)) for given, wanted in pairs]
        return _solved(pairs)

    def transformed(self, largest: int, most_cells: int) -> Document:
        """A puzzle of any transformation, with sides up to `largest` and grids of at most `most_cells` cells."""
        while True:
            pairs = self._pairs(largest)
            if pairs and max(max(a.size, b.size) for a, b in pairs) <= most_cells:
                return _solved(pairs)

    def configured(self) -> Document:
        """A puzzle and a self-edit about it. All self-edits are equally likely."""
        rule = self.random.choice(rules_of(Population.PRETRAINING))
        demonstrations = [moved(self.random, rule) for _ in range(N_DEMONSTRATIONS)]
        prompt = DIGITS.demonstrations(Pair(*map(Grid.of_array, pair)) for pair in demonstrations) + ASK
        return (Piece(prompt, 0.0), Piece(settings.draw(self.random), 1.0))

    def _pairs(self, largest: int) -> Pairs:
        palette = draw_palette(self.random)
        change = draw_change(self.random, palette)
        one_size = self.random.random() < 0.75
        sides = [self.random.randint(1, largest) for _ in range(2)]
        if self.random.random() < 0.5:
            sides = [sides[0]] * 2
        bounds = [(side, side) if one_size else (max(1, side - 2), min(largest, side + 1)) for side in sides]
        sizes = Sizes(heights=bounds[0], widths=bounds[1])
        inputs = [draw_grid(self.random, palette, sizes) for _ in range(self.random.randint(2, 5))]
        pairs = [(cells, np.asarray(change(cells))) for cells in inputs]
        fits = all(min(out.shape) > 0 and max(out.shape) <= LARGEST_SIDE for _, out in pairs)
        says_something = any(a.shape != b.shape or (a != b).any() for a, b in pairs)
        return pairs if fits and says_something else []


def moved(random: Random, rule: Rule) -> tuple[Cells, Cells]:
    """A 3×3 grid of nine different colours, and the output of a rule."""
    cells = random.sample(range(N_COLOURS), SIDE * SIDE)
    shape = (SIDE, SIDE)
    return np.array(cells).reshape(shape), np.array(apply(rule, cells)).reshape(shape)


def _solved(pairs: Pairs) -> Document:
    """The inputs with their outputs. Only the outputs are trained on, with their ends."""
    pieces: list[Piece] = []
    for number, (given, wanted) in enumerate(pairs):
        weight = FIRST_WEIGHTS[number] if number < len(FIRST_WEIGHTS) else 1.0
        asked, answered = DIGITS.query_line(Grid.of_array(given)), DIGITS.target_line(Grid.of_array(wanted))
        pieces += [Piece(asked, 0.0), Piece(answered, weight)]
        if number < len(pairs) - 1:
            pieces.append(Piece("\n", 0.0))
    return tuple(pieces)
