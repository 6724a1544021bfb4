"""The room of graders: who says that an answer is right."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from seal.settings import option
from seal.types import Query, Verdict


@option
class Grader(ABC):
    """Compares answers with targets. What it cannot decide is unknown, never wrong."""

    @abstractmethod
    def n_calls(self, n_answers: int) -> int:
        """At most how many calls to a judge so many answers take, for forecasts."""

    @abstractmethod
    def grade(self, queries: Sequence[Query], answers: Sequence[str]) -> list[Verdict]:
        """One verdict a query, in order."""
