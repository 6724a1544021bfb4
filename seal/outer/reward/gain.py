"""The reward as a gain: accuracy of the adapted model minus accuracy of the unadapted model on the same queries."""

from typing import ClassVar

from seal.outer.reward import Reward
from seal.settings import option
from seal.stats.statistics import accuracy, mean
from seal.types import Attempt, Evaluation


@option
class Gain(Reward):
    """Mean accuracy of the adapted model minus that of the unadapted model, over queries with verdicts for both.

    Within a context, it ranks self-edits as accuracy does. Across contexts, it does not favour easy ones.
    """

    of_answers: ClassVar[bool] = True
    limits: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def score(self, attempt: Attempt) -> float | None:
        if attempt.before is None:
            return None
        return mean([gain for one in attempt.worked if (gain := _gain(attempt.before, one)) is not None])

    def of_unadapted(self, attempt: Attempt) -> float | None:
        return 0.0 if attempt.before and accuracy(attempt.before) is not None else None


def _gain(before: Evaluation, after: Evaluation) -> float | None:
    pairs = ((earlier.score, later.score) for earlier, later in zip(before.verdicts, after.verdicts, strict=True))
    return mean([later - earlier for earlier, later in pairs if earlier is not None and later is not None])
