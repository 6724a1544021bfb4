"""A metric of one's own: words in common."""

from collections import Counter

from seal.metric import Metric
from seal.settings import option
from seal.types import Query, Verdict


@option
class WordF1(Metric):
    def score(self, query: Query, verdict: Verdict) -> float | None:
        wanted, given = Counter(query.target.lower().split()), Counter(verdict.answer.lower().split())
        common = (wanted & given).total()
        return 2 * common / (wanted.total() + given.total()) if wanted else None
