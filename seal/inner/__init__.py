"""The room of inner loops: how plans become adapters of a policy, or other weights of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from seal.errors import ConfigError
from seal.model.files import ModelFolder
from seal.nn.memory import NUMBER_BYTES, ModelShape, SlotMemory
from seal.settings import Option, option
from seal.types import Failure, Plan, Training, TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbone
    from seal.text import Tokens

TYPICAL_SEQUENCES, TYPICAL_TOKENS = 9, 51
"""Training sequences that a self-edit makes and tokens of each, measured on the published ones (8.7), for forecasts."""

NOTHING_FITS = "no training sequence fits inner.max_tokens: raise it"
"""Why a training fails whose messages with replies are all too long."""

PLANNABLE = {"learning_rate", "epochs", "steps"}
"""What a plan may set for its own training."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapted:
    """What came of one plan. No adapter means that the model stays as it is; other weights stand in for one."""

    adapter: "Adaptation | None"
    training: Training | None


@option
class Inner(Option, ABC):
    """An optimizer of the inner loop."""

    adapts: ClassVar[bool] = True
    """Whether a plan changes the model at all."""
    makes_adapters: ClassVar[bool] = True
    """Whether what comes of a plan is an adapter, which can be handed out."""
    makes_dora: ClassVar[bool] = False
    """Whether such an adapter has magnitudes (DoRA), which not every engine serves."""

    @property
    def shares_start(self) -> bool:
        """Whether all that is tried on one context starts from the same values."""
        return False

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many plans are worth giving to `adapt` at once."""

    @abstractmethod
    def n_updates(self, n_sequences: int) -> int:
        """How many optimizer steps a plan with so many sequences takes, for forecasts."""

    @abstractmethod
    def steps_per_epoch(self, n_sequences: int) -> int:
        """How many of them one pass over so many sequences takes."""

    def tokens(
        self, tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence, *, chat: bool
    ) -> "Tokens | None":
        """What is read and trained on of a sequence; None where nothing is."""
        return None

    def examples(self, backbone: "Backbone", plan: Plan) -> "list[Tokens]":
        """All that is trained on of a plan, in order."""
        tokens = [self.tokens(backbone.tokenizer, sequence, chat=backbone.chat) for sequence in plan.sequences]
        return [each for each in tokens if each]

    @property
    def adapter_rank(self) -> int:
        """Of the adapters that it makes; 0 where it makes none of low rank."""
        return 0

    @property
    def side_by_side(self) -> int | str:
        """How many are trained at once, or `auto`."""
        return 1

    @property
    def adapted_layers(self) -> tuple[str, ...]:
        """Names of the linear layers that adapters go beside, as they end; none where there are no adapters."""
        return ()

    def memory(self, shape: ModelShape, widths: Sequence[tuple[int, int]], tokens_per_step: int) -> SlotMemory | None:
        """What one training takes beside a model of this shape, if it can be told: `widths` are of the layers that it
        adapts."""
        return None

    def adapter_bytes(self, folder: Path, dtype: str) -> int | None:
        """What one adapter of the model in a folder takes on disk, in float32; None where there is none."""
        facts = ModelFolder(folder)
        shape = ModelShape.of(facts.config, bytes_per_number=NUMBER_BYTES[dtype])
        found = self.memory(shape, facts.shapes_of(self.adapted_layers), self.tokens_at_once())
        return found.adapter // 4 if found and self.makes_adapters else None

    def tokens_at_once(self, sequence_tokens: int = TYPICAL_TOKENS) -> int:
        """Tokens that go through the model at once, if training sequences have so many each; 0 where none do."""
        return 0

    def overridden(self, settings: Mapping[str, float | int | str]) -> Self:
        """These settings with those that a plan sets itself; adapters side by side must share their shape.

        Raises:
            ConfigError: a plan may not set that.
        """
        if not settings.keys() <= PLANNABLE:
            raise ConfigError(f"a plan may set {sorted(PLANNABLE)} of the inner loop, not {sorted(settings)}")
        values: dict[str, Any] = dict(settings)
        return replace(self, **values)

    def load(self, folder: Path) -> "Adaptation":
        """Read an adaptation of this option's kind, as it saved itself."""
        raise NotImplementedError

    @abstractmethod
    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        """Adapt the backbone's model by each plan apart; the model itself is left as it was.

        What an adapter starts from is drawn by its own seed, or by the one in `starts`.
        A plan that cannot be trained on, for example because its loss is not finite, gives a `Failure`.
        """
