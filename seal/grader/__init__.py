"""The room of graders: who says that an answer is right."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from seal.settings import option
from seal.types import Query, Usage, Verdict

Spend = Callable[[Usage], None]
"""Told of each paid call."""


def free(usage: Usage) -> None:
    """For whoever does not count."""


@option
class Grader(ABC):
    """Compares answers with targets. What it cannot decide is unknown, never wrong."""

    of_puzzles: ClassVar[bool] = False
    """Whether it compares attempts at grids instead of answers in words."""
    max_unknown: ClassVar[float] = 0.0
    """The share of a phase's answers that may stay without a verdict; with more of them the run stops, resumably."""

    def forecast(self, queries: Sequence[Query], *, n_answers: int) -> Usage:
        """About what grading so many answers to such queries takes from a paid judge, at most; nothing by default."""
        return Usage(n_calls=0)

    def ready(self) -> None:  # noqa: B027  # most options need nobody
        """Whoever it needs is there.

        Raises:
            RunError: they cannot be reached.
        """

    @abstractmethod
    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        """One verdict a query, in order."""
