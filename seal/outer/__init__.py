"""The room of outer loops: how rewards change the policy, and (in `seal.outer.reward`) what a reward is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import NonNegativeInt

from seal.outer.reward import Reward
from seal.settings import option
from seal.types import Attempt

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What the policy was shown and what it should have written."""

    prompt: str
    completion: str
    finished: bool = True
    """False if the completion was cut: its end is then nothing to learn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What an update did: the fine-tuning's losses, one an optimizer step, and the hash of the new weights."""

    losses: tuple[float, ...]
    sha256: str


@option
class Outer(ABC):
    """An outer-loop algorithm."""

    reward: Reward

    extra_repeats: NonNegativeInt = 0
    """At most so many further trainings of a self-edit, where who is best is not decided."""

    def undecided(self, attempts: Sequence[Attempt]) -> list[str]:
        """The names of the attempts that a further repeat could move into or out of what is kept; none by default."""
        return []

    def faults(self) -> list[str]:
        """What is wrong with it that only files tell, as `key: what, and what would be right`."""
        return []

    def n_processes(self) -> int:
        """How many a policy is fine-tuned in, each on a device of its own.

        Raises:
            ConfigError: the file that says so cannot be read.
        """
        return 1

    @abstractmethod
    def select(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        """The attempts to learn from, in order; possibly none."""

    @abstractmethod
    def learn(self, backbone: "Backbone", examples: Sequence[Example], folder: Path, seed: int) -> Learned:
        """Fine-tune the policy on examples and write the result to `folder` as an ordinary model.

        Uses up the backbone: whoever needs the old policy again has to load it again.
        """
