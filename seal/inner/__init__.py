"""The room of inner loops: how plans become adapters of a policy."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from seal.settings import option
from seal.types import Failure, Plan, Training, TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.adapters import Adapter
    from seal.backbone import Backbone
    from seal.text import Tokens


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapted:
    """What came of one plan. No adapter means that the model stays as it is."""

    adapter: "Adapter | None"
    training: Training | None


@option
class Inner(ABC):
    """An optimizer of the inner loop."""

    makes_adapters: ClassVar[bool] = True
    """Whether there is something to save when a plan has been trained on."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many plans are worth giving to `adapt` at once."""

    @abstractmethod
    def n_updates(self, n_sequences: int) -> int:
        """How many optimizer steps a plan with so many sequences takes, for forecasts."""

    def tokens(self, tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence) -> "Tokens | None":
        """What is read and trained on of a sequence; None where nothing is."""
        return None

    @abstractmethod
    def adapt(self, backbone: "Backbone", plans: Sequence[Plan], seeds: Sequence[int]) -> list[Adapted | Failure]:
        """Adapt the backbone's model by each plan apart; the model itself is left as it was.

        A plan that cannot be trained on, for example because its loss is not finite, gives a `Failure`.
        """
