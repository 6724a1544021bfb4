"""The very words, whatever their case, articles and punctuation."""

import pytest

from seal.metric.exact import ExactMatch
from seal.types import Grade, Query, Verdict


@pytest.mark.parametrize(("answer", "score"), [("the rhee!", 1.0), ("Rhee", 1.0), ("the Rhee river", 0.0), ("", 0.0)])
def test_exact_match_is_that_of_squad(answer: str, score: float) -> None:
    query = Query(question="?", prompt="?", target="The Rhee")
    assert ExactMatch().score(query, Verdict(grade=Grade.WRONG, answer=answer, grader="test")) == score


def test_one_of_several_accepted_answers_is_enough() -> None:
    query = Query(question="?", prompt="?", target="Ada Lind", also=("Ada",))
    assert ExactMatch().score(query, Verdict(grade=Grade.WRONG, answer="ada", grader="test")) == 1.0
