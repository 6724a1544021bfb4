"""The room of graders: who says that an answer is right."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from seal.errors import RunError
from seal.settings import Chosen, Option, option
from seal.types import Grade, Query, Usage, Verdict

Spend = Callable[[Usage], None]
"""Told of each paid call."""


def free(usage: Usage) -> None:
    """For whoever does not count."""


@option
class Grader(Option, ABC):
    """Compares answers with targets. What it cannot decide is unknown, never wrong."""

    of_puzzles: ClassVar[bool] = False
    """Whether it compares attempts at grids instead of answers in words."""
    of_choices: ClassVar[bool] = False
    """Whether it reads the letters of options."""
    max_unknown: ClassVar[float] = 0.0
    """The share of a phase's answers that may stay without a verdict; with more of them the run stops, resumably."""

    def faults(self, run: Chosen) -> Iterator[str]:
        if self.of_puzzles != run.task.of_puzzles:
            right = "arc" if run.task.of_puzzles else "exact"
            yield f"grader: it does not know what answers to this task are: choose grader={right}, for example"

    def faults_of_data(self, queries: Sequence[Query]) -> list[str]:
        """Why it cannot grade answers to these questions; empty if it can."""
        return []

    def forecast(self, queries: Sequence[Query], *, n_answers: int) -> Usage:
        """About what grading so many answers to such queries takes from a paid judge, at most; nothing by default."""
        return Usage(n_calls=0)

    def ready(self) -> None:  # most options need nobody
        """Whoever it needs is there.

        Raises:
            RunError: they cannot be reached.
        """

    @abstractmethod
    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        """One verdict a query, in order."""


def verdicts_of(
    grader: Grader, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free
) -> Sequence[Verdict]:
    """What a grader, perhaps somebody's own, says of answers.

    Raises:
        RunError: it does not give one verdict for each; or what the grader raises.
    """
    verdicts = grader.grade(queries, answers, spend)
    who = f"{type(grader).__module__}.{type(grader).__name__}.grade"
    if not isinstance(verdicts, Sequence) or len(verdicts) != len(answers):
        found = f"{len(verdicts)} verdicts" if isinstance(verdicts, Sequence) else f"a {type(verdicts).__name__}"
        raise RunError(
            f"{who} returned {found} for {len(answers)} answers; it must return a list, one Verdict for each"
        )
    for each in verdicts:
        if not isinstance(each, Verdict):
            raise RunError(
                f"{who} returned {each!r:.80}; it must return a Verdict(grade=…, answer=…, grader=…) for each"
            )
        if not isinstance(each.grade, Grade):
            raise RunError(
                f"{who} gave the grade {each.grade!r:.80}; it must be Grade.CORRECT, Grade.WRONG or Grade.UNKNOWN"
            )
        if each.points is not None and not 0 <= each.points <= 1:
            raise RunError(f"{who} gave {each.points} points; they must lie between 0 and 1, or be None")
    return verdicts
