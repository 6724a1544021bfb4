"""Solved is what has the right output among the attempts at every test input."""

import json

import pytest

from seal.grader.arc import Arc
from seal.types import Grade, Query

RIGHT, WRONG = [[1, 2]], [[2, 1]]


@pytest.mark.parametrize(
    ("attempts", "grade"),
    [
        ([[RIGHT, WRONG], [WRONG, RIGHT]], Grade.CORRECT),
        ([[RIGHT], [RIGHT]], Grade.CORRECT),
        ([[RIGHT, WRONG], [WRONG]], Grade.WRONG),
        ([[], []], Grade.WRONG),
    ],
)
def test_each_output_has_to_be_among_its_attempts(attempts: list[object], grade: Grade) -> None:
    query = Query(question="?", prompt="?", target=json.dumps([RIGHT, RIGHT]))
    [verdict] = Arc().grade([query], [json.dumps({"attempts": attempts, "votes": []})])
    assert verdict.grade is grade
