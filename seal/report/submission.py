"""What a run says about puzzles, in the format in which the ARC Prize takes submissions: two attempts a test input."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from seal.errors import DataError
from seal.folder.results_file import read_results
from seal.grids.grid import Grid
from seal.report.puzzles import Answer, Candidates, read_puzzles

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
    results = read_results(folder)
    puzzles = read_puzzles(folder, results, invalid={})  # nothing is submitted for those
    if not puzzles:
        raise DataError(f"{folder} is not about puzzles of grids")
    if setting not in results.scores:
        raise DataError(f"{folder} has no setting '{setting}', but {', '.join(results.scores)}")
    return {
        each.puzzle.id: [
            _attempts([_of_one(answer, number, among=each.answers[setting]) for answer in each.answers[setting]])
            for number in range(len(each.puzzle.tests))
        ]
        for each in puzzles
    }


def _of_one(answer: Answer, number: int, *, among: Sequence[Answer]) -> Candidates:
    """What a model brings: all of its candidates, or its attempts where no other model is asked."""
    return answer.tests[number] if len(among) > 1 else answer.attempts(number)


def _attempts(models: Iterable[Candidates]) -> dict[str, Cells]:
    """The two grids with most votes in all; of equals the one that was named first."""
    votes: Counter[Grid] = Counter()
    for candidates in models:
        for grid, count in candidates:
            votes[grid] += count
    best = [grid.lists() for grid, _ in votes.most_common(2)]
    first, second = (*best, NOTHING, NOTHING)[:2]
    return {"attempt_1": first, "attempt_2": second}
