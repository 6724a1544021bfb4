"""The room of outer loops: what a policy learns from, given rewards.

Below it lie `seal.outer.reward`, what a reward is, and `seal.outer.learner`, how weights are moved.
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
    """How good a self-edit was."""
    learner: Learner
    """How the policy is moved by what it learns from."""

    extra_repeats: NonNegativeInt = 0
    """At most so many further trainings of a self-edit, where who is best is not decided."""

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from self.reward.faults(run)
        yield from self.learner.faults(run)

    def undecided(self, attempts: Sequence[Attempt]) -> list[str]:
        """The names of the attempts that a further repeat could move into or out of what is kept; none by default."""
        return []

    @abstractmethod
    def lessons(self, attempts: Sequence[Attempt]) -> Sequence[Weighted]:
        """What the policy learns from, in order, each attempt with its weight; possibly nothing."""
