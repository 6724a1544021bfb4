"""Reading before training: only the self-edits that a reader gives most points are tried out in earnest."""

from collections.abc import Sequence

from pydantic import PositiveInt

from seal.outer.reward.accuracy import Accuracy
from seal.outer.reward.proxy import Proxy
from seal.settings import option
from seal.types import Attempt, Rating


@option
class ProxyFirst(Proxy):
    """A language model reads all self-edits. Only the best few of each context by its points are trained on, and
    rewarded by accuracy. The reward of the others is not known."""

    tried: PositiveInt = 2
    """Self-edits of each context that are trained on. Of equal points the first ones; without points, none."""

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
