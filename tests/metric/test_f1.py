"""Words in common, against counts made by hand."""

import pytest

from seal.metric.f1 import F1
from seal.types import Grade, Query, Verdict


@pytest.mark.parametrize(
    ("target", "answer", "score"),
    [
        ("the Rhee", "Rhee.", 1.0),
        ("Oscar Wilde", "Oscar", 2 / 3),  # precision 1, recall 1/2
        ("a b c d", "c d e f", 2 * 2 / 7),  # the article `a` is none of the words: 3 wanted, 4 given, 2 in common
        ("Oscar", "Klara", 0.0),
        ("Oscar", "", 0.0),
        ("The", "the", 1.0),
        ("The", "Oscar", 0.0),
    ],
)
def test_f1_is_that_of_squad(target: str, answer: str, score: float) -> None:
    query = Query(question="?", prompt="?", target=target)
    verdict = Verdict(grade=Grade.UNKNOWN, answer=answer, grader="test")
    assert F1().score(query, verdict) == pytest.approx(score)


def test_of_several_accepted_answers_the_best_counts() -> None:
    query = Query(question="?", prompt="?", target="Ada Lind", also=("Ada", "Lind"))
    assert F1().score(query, Verdict(grade=Grade.UNKNOWN, answer="Ada", grader="test")) == 1.0
