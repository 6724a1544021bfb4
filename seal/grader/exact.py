"""Exact match after normalization, as SQuAD counts it (arXiv 1606.05250): no model, no doubt, no partial credit."""

from collections.abc import Sequence

from seal.base.normalizing import normalized
from seal.grader import Grader, Spend, free
from seal.settings import option
from seal.types import Grade, Query, Verdict


@option
class Exact(Grader):
    """Exact match as SQuAD counts it: an answer is right if it equals the target."""

    normalize: bool = True
    """Whether case, punctuation, articles and extra spaces are ignored."""

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        return [self._verdict(query, answer) for query, answer in zip(queries, answers, strict=True)]

    def _verdict(self, query: Query, answer: str) -> Verdict:
        correct = bool(answer.strip()) and self._form(answer, query) == self._form(query.target, query)
        return Verdict(grade=Grade.CORRECT if correct else Grade.WRONG, answer=answer, grader="exact")

    def _form(self, text: str, query: Query) -> str:
        """What is compared. A target such as `The` or `%`, of which normalization leaves nothing, is taken as it is."""
        return normalized(text) if self.normalize and normalized(query.target) else text.strip()
