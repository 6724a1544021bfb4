"""An outer algorithm of one's own: REINFORCE, with the mean reward of a context's self-edits as the baseline."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import mean

from seal.outer import Outer
from seal.settings import option
from seal.types import Attempt, Invalid, Weighted


@option
class Reinforce(Outer):
    """Each self-edit becomes likelier by how much it earned above the mean, or less likely."""

    scale: float
    """Of the weights."""

    def lessons(self, attempts: Sequence[Attempt]) -> list[Weighted]:
        of_context: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            if attempt.reward is not None and not isinstance(attempt.plan, Invalid):
                of_context[attempt.context.id].append(attempt)
        return [
            Weighted(attempt=attempt, weight=self.scale * (attempt.reward - middle))
            for group in of_context.values()
            for middle in [mean(attempt.reward for attempt in group)]
            for attempt in group
            if attempt.reward != middle
        ]
