"""Exact match after normalization, as SQuAD counts it (arXiv 1606.05250): no model, no doubt, no partial credit."""

import re
import string
from collections.abc import Sequence

from seal.grader import Grader
from seal.settings import option
from seal.types import Grade, Query, Verdict

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@option
class Exact(Grader):
    """An answer is right if it equals the target."""

    normalize: bool
    """Whether case, punctuation, articles and extra spaces are ignored."""

    def n_calls(self, n_answers: int) -> int:
        return 0

    def grade(self, queries: Sequence[Query], answers: Sequence[str]) -> list[Verdict]:
        return [self._verdict(query, answer) for query, answer in zip(queries, answers, strict=True)]

    def _verdict(self, query: Query, answer: str) -> Verdict:
        form = normalized if self.normalize else str.strip
        correct = bool(answer.strip()) and form(answer) == form(query.target)
        return Verdict(grade=Grade.CORRECT if correct else Grade.WRONG, answer=answer, grader="exact")


def normalized(text: str) -> str:
    """Lower case, without punctuation and articles, single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())
