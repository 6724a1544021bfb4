"""What an inner loop makes of a model, whatever kind it is: who adapts, asks, saves or merges treats all alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from seal.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Adaptation(ABC):
    """One way of being adapted, for example an adapter beside the weights, or other weights."""

    __slots__ = ()

    stacks: ClassVar[bool] = False
    """Whether several can be attached at once, each for its own block of a batch."""
    in_peft_format: ClassVar[bool] = False
    """Whether what it saves is for PEFT to load, which is then tried before it is handed out."""

    @classmethod
    @abstractmethod
    def attached(cls, model: "PreTrainedModel", group: Sequence[Self]) -> AbstractContextManager[None]:
        """While open, block a of a batch goes through the model as adapted by `group[a]`; afterwards the model is bit
        for bit what it was. Those that do not stack come alone."""

    def merge(self, model: "PreTrainedModel") -> None:
        """Make the model the adapted one, in place.

        Raises:
            ModelError: this kind cannot be merged.
        """
        raise ModelError(f"{type(self).__name__} cannot be merged into the weights of a model: choose inner=lora")

    def save(self, folder: Path, *, base_model: str) -> None:
        """Write it to a folder; an adapter in PEFT's format, with `base_model` as its base.

        Raises:
            ModelError: this kind cannot be kept.
        """
        raise ModelError(f"{type(self).__name__} cannot be written to a folder: choose inner=lora")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ModelError: this kind cannot be kept.
        """
        raise ModelError(f"{cls.__name__} cannot be read from a folder: choose inner=lora")


def attached(model: "PreTrainedModel", group: Sequence[Adaptation]) -> AbstractContextManager[None]:
    """While open, the model is adapted: block a of a batch by the a-th of the group; by none it stays as it is."""
    return type(group[0]).attached(model, group) if group else nullcontext()
