"""What a sweep has to bear: options with a fault of their own."""

import os
from collections.abc import Sequence

from seal.errors import RunError
from seal.grader import Spend, free
from seal.grader.exact import Exact
from seal.settings import option
from seal.types import Query, Verdict


@option
class Dividing(Exact):
    """A grader that nobody has tried."""

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        raise ZeroDivisionError("all by nothing")


@option
class Telling(Exact):
    """A grader that says what it should not."""

    key_variable: str

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        raise ValueError(f"with {os.environ[self.key_variable]} nothing can be graded")


@option
class Refusing(Telling):
    """The same, of one that knows what is wrong."""

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        raise RunError(f"with {os.environ[self.key_variable]} nothing can be graded")
