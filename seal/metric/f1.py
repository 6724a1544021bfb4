"""F1 over words, as SQuAD defines it (arXiv 1606.05250)."""

from collections import Counter

from seal.base.normalizing import normalized
from seal.metric import Metric
from seal.settings import option
from seal.types import Query, Verdict


@option
class F1(Metric):
    """The harmonic mean of precision and recall of the answer's words. Case, punctuation and articles are ignored."""

    def score(self, query: Query, verdict: Verdict) -> float | None:
        wanted, given = (Counter(normalized(text).split()) for text in (query.target, verdict.answer))
        if not wanted or not given:
            return float(wanted == given)
        return 2 * (wanted & given).total() / (wanted.total() + given.total())
