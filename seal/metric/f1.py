"""F1 over words, as SQuAD defines it (arXiv 1606.05250)."""

from collections import Counter

from seal.base.normalizing import Normalize, form
from seal.metric import Metric
from seal.settings import option
from seal.types import Query, Verdict


@option
class F1(Metric):
    """The harmonic mean of precision and recall of the answer's words, without case, punctuation and articles; of
    several accepted answers the best."""

    normalize: Normalize = True
    """As of the grader `exact`."""

    def score(self, query: Query, verdict: Verdict) -> float | None:
        return max((self._of(target, verdict.answer) for target in query.accepted), default=0.0)

    def _of(self, target: str, answer: str) -> float:
        wanted, given = (Counter(form(text, self.normalize).split()) for text in (target, answer))
        if not wanted or not given:
            return float(wanted == given)
        return 2 * (wanted & given).total() / (wanted.total() + given.total())
