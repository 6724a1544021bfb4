"""The room of learners: they move the weights of a policy towards a text, or away from it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seal.settings import Option, option

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone
    from seal.nn.readback import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A prompt, the policy's completion, and the weight of this example in the update."""

    prompt: str
    completion: str
    finished: bool = True
    """False if the completion was cut. Then the policy does not learn to end there."""
    weight: float = 1.0
    """Factor of each token's loss. Below 0 the completion becomes less likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The result of an update: one loss per optimizer step, and the hash of the new weights."""

    losses: tuple[float, ...]
    sha256: str
    measured: "Measured | None" = None
    """What the policy computed before it was written, to be compared with what is read again; None compares nothing."""


@option
class Learner(Option, ABC):
    """A way to move weights. All outer algorithms share it."""

    @property
    def adapted_layers(self) -> tuple[str, ...]:
        """Name endings of the linear layers with an adapter; empty without an adapter."""
        return ()

    def faults_of_files(self) -> Iterator[str]:
        """Faults that need files to be read, as `key: what is wrong, and what would be right`."""
        yield from ()

    def n_processes(self) -> int:
        """Number of processes that fine-tune a policy, each on its own device.

        Raises:
            ConfigError: the file with that number cannot be read.
        """
        return 1

    def n_gpus(self) -> int:
        """Number of GPUs that these processes take, on a machine with GPUs: one each, or 0 if they stay on the CPU.

        Raises:
            ConfigError: as `n_processes`.
        """
        return self.n_processes()

    @abstractmethod
    def learn(self, backbone: "Backbone", examples: Sequence[Example], folder: Path, seed: int) -> Learned:
        """Train the policy on weighted examples, and write the result to `folder` as an ordinary model.

        This modifies the backbone. To use the old policy again, load it again.
        """
