"""The very words, whatever their case, articles and punctuation."""

import pytest

from seal.metric.exact import ExactMatch
from seal.types import Grade, Query, Verdict


@pytest.mark.parametrize(("answer", "score"), [("the rhee!", 1.0), ("Rhee", 1.0), ("the Rhee river", 0.0), ("", 0.0)])
def test_exact_match_is_that_of_squad(answer: str, score: float) -> None:
    query = Query(question="?", prompt="?", target="The Rhee")
    assert ExactMatch().score(query, Verdict(grade=Grade.WRONG, answer=answer, grader="test")) == score
