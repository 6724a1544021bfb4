"""What a sweep has to bear: an option with a fault of its own."""

from collections.abc import Sequence

from seal.grader import Spend, free
from seal.grader.exact import Exact
from seal.settings import option
from seal.types import Query, Verdict


@option
class Dividing(Exact):
    """A grader that nobody has tried."""

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        raise ZeroDivisionError("all by nothing")
