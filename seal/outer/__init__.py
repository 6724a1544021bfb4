"""The room of outer loops: they turn attempts with rewards into lessons for the policy.

`seal.outer.reward` computes rewards. `seal.outer.learner` moves the weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from pydantic import NonNegativeInt

from seal.outer.learner import Learner
from seal.outer.reward import Reward
from seal.settings import Chosen, Option, option
from seal.types import Attempt, Weighted


@option
class Outer(Option, ABC):
    """An outer-loop algorithm."""

    reward: Reward
    """The reward of a self-edit."""
    learner: Learner
    """The learner that moves the policy's weights by the lessons."""

    extra_repeats: NonNegativeInt = 0
    """Maximum number of extra trainings of a self-edit, as long as the selection is undecided."""

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from self.reward.faults(run)
        yield from self.learner.faults(run)

    def undecided(self, attempts: Sequence[Attempt]) -> list[str]:
        """The names of attempts that another repeat could move into or out of the selection; none by default."""
        return []

    def most_kept(self, edits_per_context: int) -> int:
        """Maximum number of self-edits per context that the policy learns to write, for forecasts."""
        return edits_per_context

    @abstractmethod
    def lessons(self, attempts: Sequence[Attempt]) -> Sequence[Weighted]:
        """The attempts that the policy learns from, in order, each with its weight. May be empty."""
