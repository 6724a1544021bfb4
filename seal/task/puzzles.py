"""Tasks whose contexts are puzzles of grids: each is asked in many views, and the answers vote for two attempts.

The text of a context is its puzzle as JSON, so that nothing depends on how grids are written for a model. A context has
one query, which asks for all outputs at once: a puzzle is solved if every one of them is (arXiv 2506.10943 §3.2).
"""

import json
from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, PositiveInt

from seal.base.seeds import derive
from seal.grids.grid import Grid, Pair, Puzzle, puzzle_in
from seal.grids.notation import END, NOTATIONS
from seal.grids.views import View, Viewing, symmetry, views
from seal.grids.vote import Prediction, Vote, vote
from seal.settings import option
from seal.task import Task
from seal.text import fill, shows
from seal.types import Completion, Context, Query, Sampling

Notation = Literal["numpy", "digits", "words"]
PuzzleTemplate = Annotated[str, AfterValidator(shows("demonstrations", "input"))]


@option
class PuzzleTask(Task):
    """Contexts are puzzles of grids; models see demonstrations and an input, and write the output."""

    of_puzzles: ClassVar[bool] = True
    unadapted_setting: ClassVar[str] = "in_context"

    notation: Notation
    """How grids are written: as NumPy prints them (published), a digit a cell, or the name of a colour a cell."""
    puzzle_template: PuzzleTemplate
    """How a puzzle is put to a model: `{demonstrations}` and `{input}` are filled in; the output follows."""
    viewing: Viewing
    """In which ways each test input is asked; the answers vote for two attempts."""
    seed: int = 0
    """Of the choice of puzzles, and of the orders in which views show the demonstrations."""
    max_answer_tokens: PositiveInt
    """An output is cut at this length."""

    @property
    def shows_the_passage(self) -> bool:
        return True

    @property
    def answering(self) -> Sampling:
        """Greedy, up to the sign that ends an output."""
        return Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_answer_tokens, stops=(END,))

    def prompts(self, context: Context, query: Query) -> Sequence[str]:
        """Every view of the first test input, then of the second, and so on."""
        return [
            puzzle_prompt(self.puzzle_template, self.notation, view.episode.demonstrations, view.episode.input)
            for view in self._views(puzzle_in(context.text, context.id))
        ]

    def answer_of(self, context: Context, query: Query, written: Sequence[Completion]) -> str:
        """JSON: for each test input the `attempts`, at most two, and the `votes` that every candidate got."""
        puzzle = puzzle_in(context.text, context.id)
        asked = list(zip(self._views(puzzle), written, strict=True))
        n_views = len(asked) // len(puzzle.tests)  # as many of each test input
        votes = [self._vote(puzzle, asked[start : start + n_views]) for start in range(0, len(asked), n_views)]
        answer = {
            "attempts": [[grid.lists() for grid in each.attempts] for each in votes],
            "votes": [[{"grid": grid.lists(), "votes": count} for grid, count in each.table] for each in votes],
        }
        return json.dumps(answer, separators=(",", ":"))

    def style_of(self, context: Context, line: str) -> str:
        """Settings by the power of ten of their learning rate, which matters most."""
        try:
            rate = float(json.loads(line)["training"]["learning_rate"])
            return f"learning rate from 1e{floor(log10(rate))}"
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return "no settings"

    def make_context(self, puzzle: Puzzle, solutions: Sequence[Grid], *, kind: str = "") -> Context:
        """A puzzle with what is right; without solutions nobody has told. `kind` is its concept, if it has one."""
        first = puzzle_prompt(self.puzzle_template, self.notation, puzzle.train, puzzle.tests[0])
        target = json.dumps([grid.lists() for grid in solutions], separators=(",", ":")) if solutions else ""
        query = Query(question="What are the outputs?", prompt=first, target=target, kind=kind)
        return Context(id=puzzle.id, title=puzzle.id, text=puzzle.json, queries=(query,))

    def _views(self, puzzle: Puzzle) -> list[View]:
        return [
            view
            for number, test in enumerate(puzzle.tests)
            for view in views(puzzle.train, test, self.viewing, seed=derive(self.seed, "views", puzzle.id, number))
        ]

    def _vote(self, puzzle: Puzzle, asked: Sequence[tuple[View, Completion]]) -> Vote:
        return vote(list(_predictions(asked, self.notation, longest=puzzle.longest_side)))


def puzzle_prompt(template: str, notation: str, demonstrations: Sequence[Pair], given: Grid) -> str:
    """A puzzle as a model is asked it, or trained on it."""
    written = NOTATIONS[notation]
    return fill(template, demonstrations=written.demonstrations(demonstrations), input=written.query_line(given))


def _predictions(asked: Sequence[tuple[View, Completion]], notation: str, *, longest: int) -> Iterator[Prediction]:
    """The grids that were written, back to where the test input was. A text that is no grid has no vote; nor has one
    that was cut at the token limit: it may be the first rows of a grid, which read as a grid themselves."""
    for view, completion in asked:
        if not completion.finished:
            continue
        try:
            grid = NOTATIONS[notation].read(completion.text.partition(END)[0], longest=longest)
        except ValueError:
            continue
        yield Prediction(grid=symmetry(view.inverse)(grid), inverse=view.inverse)
