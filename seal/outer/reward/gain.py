"""How much better the adapted model does than the unadapted one on the same queries."""

from collections.abc import Sequence

from seal.outer.reward import Reward
from seal.settings import option
from seal.stats.statistics import accuracy, mean
from seal.types import Evaluation, Grade, Rating


@option
class Gain(Reward):
    """Mean accuracy of the adapted minus that of the unadapted model, over the queries that both have a verdict on.

    Within one context the order of self-edits is that of accuracy; across contexts it does not favour easy ones.
    """

    def score(
        self, baseline: Evaluation | None, evaluations: Sequence[Evaluation], rating: Rating | None
    ) -> float | None:
        if baseline is None:
            return None
        return mean([gain for evaluation in evaluations if (gain := _gain(baseline, evaluation)) is not None])

    def of_unadapted(self, baseline: Evaluation | None) -> float | None:
        return 0.0 if baseline and accuracy(baseline) is not None else None


def _gain(before: Evaluation, after: Evaluation) -> float | None:
    pairs = [
        (int(later.grade is Grade.CORRECT), int(earlier.grade is Grade.CORRECT))
        for earlier, later in zip(before.verdicts, after.verdicts, strict=True)
        if Grade.UNKNOWN not in (earlier.grade, later.grade)
    ]
    return mean([later - earlier for later, earlier in pairs])
