"""What a run says about puzzles, in the format in which the ARC Prize takes submissions: two attempts a test input."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from seal.errors import DataError
from seal.grids.grid import Puzzle, puzzle_in
from seal.results import Results
from seal.store import RESULTS, read_records
from seal.types import Context, Evaluation, Failure

Cells = list[list[int]]
Submission = dict[str, list[dict[str, Cells]]]
"""By puzzle, for each test input `attempt_1` and `attempt_2`."""

NOTHING: Cells = [[0]]
"""What stands for an attempt that nobody made; the format wants two."""


def submission(folder: Path, setting: str) -> Submission:
    """The attempts of one setting. Where it adapted several models for a puzzle, their votes are added up.

    Raises:
        DataError: the run has no such setting, or is not about puzzles.
    """
    results = TypeAdapter(Results).validate_json((folder / RESULTS).read_text())
    if setting not in results.scores:
        raise DataError(f"{folder} has no setting '{setting}', but {', '.join(results.scores)}")
    contexts: dict[str, Context] = read_records(folder / "contexts.jsonl", Context)
    evaluations: dict[str, Evaluation | Failure] = read_records(folder / "evaluations.jsonl", Evaluation | Failure)
    made: Submission = {}
    for name in results.scores[setting]:
        puzzle = _puzzle(contexts[name])
        models = [_votes(each) for each in _of(evaluations, setting, name)]
        made[puzzle.id] = [_attempts(model[number] for model in models if model) for number in range(len(puzzle.tests))]
    return made


def _puzzle(context: Context) -> Puzzle:
    try:
        return puzzle_in(context.text, context.id)
    except ValueError as error:
        raise DataError(f"this run is not about puzzles of grids: {error}") from error


def _of(evaluations: Mapping[str, Evaluation | Failure], setting: str, context_id: str) -> Iterator[Evaluation]:
    """What the models of a setting answered about a puzzle."""
    policy = setting if setting.startswith("round_") else "round_0"
    source = {"in_context": "unadapted", "oracle": "passage"}.get(setting, "edit_")
    for key, evaluation in evaluations.items():
        if key.startswith(f"{policy}/{context_id}/{source}") and isinstance(evaluation, Evaluation):
            yield evaluation


def _votes(evaluation: Evaluation) -> list[list[dict[str, Any]]]:
    """By test input the candidates of one model with their votes, its attempts first."""
    try:
        answer = json.loads(evaluation.verdicts[0].answer)
        return [list(candidates) for candidates in answer["votes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"these are no answers to puzzles: {evaluation.verdicts[0].answer[:60]}") from error


def _attempts(models: Iterable[list[dict[str, Any]]]) -> dict[str, Cells]:
    """The two grids with most votes in all; of equals the one that was named first."""
    votes: Counter[str] = Counter()
    for candidates in models:
        for candidate in candidates:
            votes[json.dumps(candidate["grid"])] += candidate["votes"]
    best = [json.loads(grid) for grid, _ in votes.most_common(2)]
    first, second = (*best, *([NOTHING] * 2))[:2]
    return {"attempt_1": first, "attempt_2": second}
