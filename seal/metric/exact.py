"""Exact match, as SQuAD defines it (arXiv 1606.05250)."""

from seal.base.normalizing import Normalize, form
from seal.metric import Metric
from seal.settings import option
from seal.types import Query, Verdict


@option
class ExactMatch(Metric):
    """1 if the answer equals an accepted one without case, punctuation and articles, else 0."""

    normalize: Normalize = True
    """As of the grader `exact`."""

    def score(self, query: Query, verdict: Verdict) -> float | None:
        given = form(verdict.answer, self.normalize)
        return float(any(form(target, self.normalize) == given for target in query.accepted))
