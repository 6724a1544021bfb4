"""What a run says about puzzles of grids: their demonstrations and solutions, and what each setting attempted."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seal.authorship import UNTRAINED, Author
from seal.errors import DataError
from seal.folder.store import read_records
from seal.grids.grid import LONGEST_READ, Grid, Puzzle, puzzle_in
from seal.stats.results import Results
from seal.types import Context, Evaluation, Failure, Grade

COLOURS = ("#000000", "#0074d9", "#ff4136", "#2ecc40", "#ffdc00", "#aaaaaa", "#f012be", "#ff851b", "#7fdbff", "#870c25")
"""Of the ten cell values, as ARC's own pages show them."""

MOST_ATTEMPTS = 2
"""At a test."""

_SOURCES = {"in_context": "unadapted", "oracle": "passage"}
"""What the models of a setting were made from, as keys of records name it; those of others from self-edits."""

_UNMATCHED = {"oracle": "oracle", "untrained": "self_edits_round_0"}
"""The setting that a matched one is, where it has the compute of another as it stands: it is not trained again."""

Candidates = tuple[tuple[Grid, int], ...]
"""Outputs of one test input with their votes, the attempts first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one model made of a puzzle."""

    solved: bool
    tests: tuple[Candidates, ...]
    n_attempts: tuple[int, ...] = ()
    """How many of each test's candidates are attempts; two where that was not noted."""

    def attempts(self, number: int) -> Candidates:
        """At a test, counted from 0."""
        return self.tests[number][: self.n_attempts[number] if self.n_attempts else MOST_ATTEMPTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A puzzle with what is right, if that is known, and what the models of each setting answered."""

    puzzle: Puzzle
    solutions: tuple[Grid, ...]
    answers: Mapping[str, tuple[Answer, ...]]
    """By setting, in the order of the table; empty where nobody could be asked."""
    n_failed: Mapping[str, int]
    """By setting, trainings or answers that broke off."""
    n_invalid: Mapping[str, int]
    """By setting, self-edits that nothing could be trained on."""
    author: Author = UNTRAINED
    """Who wrote the self-edits before any update."""


def read_puzzles(folder: Path, results: Results, invalid: Mapping[str, Mapping[str, int]]) -> list[Answered]:
    """Every puzzle that was measured, or of which nobody has told what is right; none if the run is about something
    else. `invalid` has the number of self-edits that nothing could be trained on, by puzzle and setting."""
    contexts: dict[str, Context] = read_records(folder / "contexts.jsonl", Context)
    scored = {name for scores in results.scores.values() for name in scores}
    measured = [context for name, context in contexts.items() if name in scored or not context.n_gradable]
    if not measured or not all(map(is_puzzle, measured)):
        return []
    evaluations: dict[str, Evaluation | Failure] = read_records(folder / "evaluations.jsonl", Evaluation | Failure)
    return [_answered(context, evaluations, results, invalid.get(context.id, {})) for context in measured]


def is_puzzle(context: Context) -> bool:
    """Whether the context is a puzzle of grids."""
    try:
        puzzle_in(context.text, context.id)
    except ValueError:
        return False
    return True


def _answered(
    context: Context,
    evaluations: Mapping[str, Evaluation | Failure],
    results: Results,
    invalid: Mapping[str, int],
) -> Answered:
    outcomes = {setting: _of(evaluations, setting, context.id) for setting in results.scores}
    return Answered(
        puzzle=puzzle_in(context.text, context.id),
        solutions=tuple(
            Grid.of(cells, longest=LONGEST_READ) for cells in json.loads(context.queries[0].target or "[]")
        ),
        answers={
            setting: tuple(_answer(one) for one in found if isinstance(one, Evaluation))
            for setting, found in outcomes.items()
        },
        n_failed={setting: sum(isinstance(one, Failure) for one in found) for setting, found in outcomes.items()},
        n_invalid={setting: invalid.get(setting, 0) for setting in outcomes},
        author=results.author,
    )


def _of(evaluations: Mapping[str, Evaluation | Failure], setting: str, context_id: str) -> list[Evaluation | Failure]:
    """What came of asking the models of a setting about a puzzle."""
    policy = setting if setting.startswith("round_") else "round_0"
    source = _SOURCES.get(setting, rf"{re.escape(setting)}_\d+" if "_matched" in setting else r"edit_\d+")
    wanted = re.compile(rf"{re.escape(f'{policy}/{context_id}/')}{source}/\d+")
    found = [one for key, one in evaluations.items() if wanted.fullmatch(key)]
    if found or "_matched" not in setting:
        return found
    return _of(evaluations, _UNMATCHED[setting.partition("_matched")[0]], context_id)


def _answer(evaluation: Evaluation) -> Answer:
    [verdict] = evaluation.verdicts
    try:
        said = json.loads(verdict.answer)
        votes: list[list[dict[str, Any]]] = said["votes"]
        tests = tuple(
            tuple((Grid.of(each["grid"], longest=LONGEST_READ), int(each["votes"])) for each in of_test)
            for of_test in votes
        )
        n_attempts = tuple(len(of_test) for of_test in said["attempts"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"this is no answer to a puzzle: {verdict.answer[:60]}") from error
    return Answer(solved=verdict.grade is Grade.CORRECT, tests=tests, n_attempts=n_attempts)
