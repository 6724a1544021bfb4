"""The room of learners: how the weights of a policy are moved towards what it should write, or away from it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seal.settings import Option, option

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What the policy was shown, what it wrote, and how much its likelihood should rise."""

    prompt: str
    completion: str
    finished: bool = True
    """False if the completion was cut: its end is then nothing to learn."""
    weight: float = 1.0
    """The loss of each token counts so much; below 0 the completion becomes less likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What an update did: the losses, one an optimizer step, and the hash of the new weights."""

    losses: tuple[float, ...]
    sha256: str


@option
class Learner(Option, ABC):
    """A way of moving weights, shared by all outer algorithms."""

    @property
    def adapted_layers(self) -> tuple[str, ...]:
        """Names of the linear layers that an adapter goes beside, as they end; none where there is no adapter."""
        return ()

    def faults_of_files(self) -> Iterator[str]:
        """What is wrong with it that only files tell, as `key: what, and what would be right`."""
        yield from ()

    def n_processes(self) -> int:
        """How many a policy is fine-tuned in, each on a device of its own.

        Raises:
            ConfigError: the file that says so cannot be read.
        """
        return 1

    def n_gpus(self) -> int:
        """How many GPUs these take, where there are any; as many, unless they are told to stay on the CPU.

        Raises:
            ConfigError: as `n_processes`.
        """
        return self.n_processes()

    @abstractmethod
    def learn(self, backbone: "Backbone", examples: Sequence[Example], folder: Path, seed: int) -> Learned:
        """Train the policy on examples, each by its weight, and write the result to `folder` as an ordinary model.

        Uses up the backbone: whoever needs the old policy again has to load it again.
        """
