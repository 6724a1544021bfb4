"""The reward of the paper: the share of queries that the adapted model answers right."""

from typing import ClassVar

from seal.outer.reward import Reward
from seal.settings import option
from seal.stats.statistics import accuracy, mean
from seal.types import Attempt


@option
class Accuracy(Reward):
    """Mean accuracy over the queries of a context, averaged over repeats (arXiv 2506.10943 §3.1)."""

    of_answers: ClassVar[bool] = True
    limits: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    def score(self, attempt: Attempt) -> float | None:
        return mean([share for evaluation in attempt.worked if (share := accuracy(evaluation)) is not None])

    def of_unadapted(self, attempt: Attempt) -> float | None:
        return accuracy(attempt.before) if attempt.before else None
