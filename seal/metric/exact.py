"""Exact match, as SQuAD defines it (arXiv 1606.05250)."""

from seal.base.normalizing import normalized
from seal.metric import Metric
from seal.settings import option
from seal.types import Query, Verdict


@option
class ExactMatch(Metric):
    """1 if answer and target are equal, else 0. Case, punctuation and articles are ignored."""

    def score(self, query: Query, verdict: Verdict) -> float | None:
        return float(normalized(query.target) == normalized(verdict.answer))
