"""A language model rates all self-edits first. Only the best rated ones are trained on."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import PositiveInt

from seal.outer.reward.accuracy import Accuracy
from seal.outer.reward.proxy import Proxy
from seal.settings import option
from seal.types import Attempt, Rating


@option
class ProxyFirst(Proxy):
    """A language model rates all self-edits. Only the best few of each context are trained on, and rewarded by
    accuracy. The reward of the others is unknown."""

    of_answers: ClassVar[bool] = True
    limits: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    tried: PositiveInt = 2
    """Number of self-edits per context that are trained on. Ties go to the first ones. Self-edits without points are
    never tried."""

    def score(self, attempt: Attempt) -> float | None:
        return Accuracy().score(attempt)

    def of_unadapted(self, attempt: Attempt) -> float | None:
        return Accuracy().of_unadapted(attempt)

    def is_tried(self, ratings: Sequence[Rating | None]) -> list[bool]:
        totals = [sum(rating.scores.values()) if rating else 0 for rating in ratings]
        best = sorted(range(len(totals)), key=lambda number: -totals[number])[: self.tried]
        return [number in best and total > 0 for number, total in enumerate(totals)]

    def n_tried(self, edits_per_context: int) -> int:
        return min(self.tried, edits_per_context)
