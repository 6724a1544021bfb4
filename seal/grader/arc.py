"""A puzzle is solved if one of the two attempts is exactly right for every test input (arXiv 2506.10943 §3.2)."""

import json
from collections.abc import Sequence
from typing import ClassVar

from seal.grader import Grader, Spend, free
from seal.settings import option
from seal.types import Grade, Query, Verdict


@option
class Arc(Grader):
    """A puzzle is solved if one of two attempts is exactly right for every test input.

    The attempts of an answer and the outputs of a target are JSON, as puzzles' tasks write it.
    """

    of_puzzles: ClassVar[bool] = True

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        return [
            Verdict(
                grade=Grade.CORRECT if is_solved(answer, query.target) else Grade.WRONG, answer=answer, grader="arc"
            )
            for query, answer in zip(queries, answers, strict=True)
        ]


def is_solved(answer: str, target: str) -> bool:
    """Whether each output is among the attempts at it."""
    outputs, attempts = json.loads(target), json.loads(answer)["attempts"]
    return all(output in of_test for output, of_test in zip(outputs, attempts, strict=True))
