"""Puzzles from the embedded world of grids: rules that no pretraining has ever seen, made as many as asked for."""

from random import Random
from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from seal.base.seeds import derive
from seal.grids.grid import Grid, Pair, Puzzle
from seal.grids.views import Viewing
from seal.settings import option
from seal.task import Contexts
from seal.task.puzzles import Notation, PuzzleTask, PuzzleTemplate
from seal.tiny.grids.rules import N_FAMILIAR, N_UNFAMILIAR, SIDE, Kind, Population, Rule, apply, rules_of
from seal.types import Context

N_COLOURS = 10


@option
class Grids(PuzzleTask):
    """The embedded world of grids. Each puzzle has a rule of its own, by which the cells of a 3×3 grid move.
    Pretraining has seen none of them."""

    rules: Kind = Kind.UNFAMILIAR
    """`unfamiliar` is any permutation of the cells. `familiar` ones are simple: the shipped model can often read them
    off the demonstrations."""
    n_train: Annotated[int, Field(ge=1, le=N_UNFAMILIAR)] = 40
    """Puzzles that rewards may come from."""
    n_held_out: Annotated[int, Field(ge=1, le=N_UNFAMILIAR)] = 32
    """Puzzles that only measure."""
    n_demonstrations: PositiveInt = 3
    """Pairs that a puzzle shows."""
    n_tests: PositiveInt = 2
    """Inputs whose outputs have to be found, all of them."""
    notation: Notation = "digits"
    """How grids are written; the shipped model reads digits only."""
    puzzle_template: PuzzleTemplate = "{demonstrations}{input}"
    viewing: Viewing = Viewing(leave_one_out=False, permutations=1, symmetries=("identity",))
    max_answer_tokens: PositiveInt = 16

    @model_validator(mode="after")
    def _enough_rules(self) -> "Grids":
        most = max(self.n_train, self.n_held_out)
        if self.rules is Kind.FAMILIAR and most > N_FAMILIAR:
            raise ValueError(f"of the familiar rules there are {N_FAMILIAR} a population, and {most} are asked for")
        return self

    def load(self) -> Contexts:
        return Contexts(
            train=self._draw(Population.TRAIN, self.n_train),
            held_out=self._draw(Population.HELD_OUT, self.n_held_out),
        )

    def _draw(self, population: Population, count: int) -> tuple[Context, ...]:
        random = Random(derive(self.seed, "grids", population))
        rules = random.sample(rules_of(population, self.rules), count)
        return tuple(self._context(random, f"{population}_{number}", rule) for number, rule in enumerate(rules))

    def _context(self, random: Random, name: str, rule: Rule) -> Context:
        pairs = [_pair(random, rule) for _ in range(self.n_demonstrations + self.n_tests)]
        shown, asked = pairs[: self.n_demonstrations], pairs[self.n_demonstrations :]
        puzzle = Puzzle(id=name, train=tuple(shown), tests=tuple(pair.input for pair in asked))
        return self.make_context(puzzle, [pair.output for pair in asked])


def _pair(random: Random, rule: Rule) -> Pair:
    """Nine different colours, and what the rule makes of them."""
    cells = random.sample(range(N_COLOURS), SIDE * SIDE)
    return Pair(input=_grid(cells), output=_grid(apply(rule, cells)))


def _grid(cells: list[int] | tuple[int, ...]) -> Grid:
    return Grid.of([cells[start : start + SIDE] for start in range(0, len(cells), SIDE)])
