"""The reward of the paper: how many queries the adapted model answers right."""

from collections.abc import Sequence

from seal.outer.reward import Reward
from seal.settings import option
from seal.stats.statistics import accuracy, mean
from seal.types import Evaluation, Rating


@option
class Accuracy(Reward):
    """Mean accuracy over the context's queries, averaged over repeats (arXiv 2506.10943 §3.1)."""

    def score(
        self, baseline: Evaluation | None, evaluations: Sequence[Evaluation], rating: Rating | None
    ) -> float | None:
        return mean([share for evaluation in evaluations if (share := accuracy(evaluation)) is not None])

    def of_unadapted(self, baseline: Evaluation | None) -> float | None:
        return accuracy(baseline) if baseline else None
