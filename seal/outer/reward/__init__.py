"""The room of rewards: how good a self-edit was, from how the models adapted by it did."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from seal.settings import option
from seal.types import Evaluation


@option
class Reward(ABC):
    """A number to be maximized."""

    @abstractmethod
    def score(self, baseline: Evaluation | None, evaluations: Sequence[Evaluation]) -> float | None:
        """The reward of one self-edit from its repeats that did not fail; None if they tell nothing.

        `baseline` is the unadapted model on the same queries, None if asking it failed.
        """
