"""A reward of one's own: short self-edits earn more."""

from seal.outer.reward import Reward
from seal.settings import option
from seal.types import Attempt


@option
class Length(Reward):
    """1 for an empty self-edit, falling to 0 at so many characters."""

    longest: int

    def score(self, attempt: Attempt) -> float | None:
        return max(0.0, 1 - len(attempt.self_edit.text) / self.longest)
