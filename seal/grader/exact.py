"""Exact match in a normal form, as SQuAD counts it (arXiv 1606.05250): no model, no doubt, no partial credit.

On 8,222 published verdicts of GPT-4.1 (arXiv 2506.10943) it agrees in 65.8 % (Cohen's kappa .104): the
answers are sentences.
"""

from collections.abc import Sequence

from seal.base.normalizing import Normalize, form
from seal.grader import Grader, Spend, free
from seal.settings import option
from seal.types import Grade, Query, Verdict


@option
class Exact(Grader):
    """Exact match: an answer is right if it equals one of the accepted answers."""

    normalize: Normalize = True
    """Whether case, punctuation, articles, extra spaces and ways of writing a number or letter are ignored. `published`
    is SQuAD's older form, for numbers to be compared with: to it 1.5 is 15, and -5 is 5."""

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        return [self._verdict(query, answer) for query, answer in zip(queries, answers, strict=True)]

    def _verdict(self, query: Query, answer: str) -> Verdict:
        correct = bool(answer.strip()) and any(self._is(answer, target) for target in query.accepted)
        return Verdict(grade=Grade.CORRECT if correct else Grade.WRONG, answer=answer, grader="exact")

    def _is(self, answer: str, target: str) -> bool:
        """Whether they are equal. A target such as `%`, of which normalization leaves nothing, is taken as it is."""
        wanted = form(target, self.normalize)
        return form(answer, self.normalize) == wanted if wanted else answer.strip() == target.strip()
