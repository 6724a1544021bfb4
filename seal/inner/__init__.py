"""The room of inner loops: they train adapters of a policy, or new weights, on plans."""

import logging
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

    from seal.chat import Chat
    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbone
    from seal.text import Tokens

_LOG = logging.getLogger(__name__)

TYPICAL_SEQUENCES, TYPICAL_TOKENS = 9, 51
"""Training sequences per self-edit and tokens per sequence, for forecasts. Published self-edits have 8.7 sequences."""

NOTHING_FITS = "no training sequence fits inner.max_tokens: raise it"
"""The reason of a failed training if all messages with replies are too long."""

PLANNABLE = {"learning_rate", "epochs", "steps"}
"""The settings that a plan may set for its own training."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapted:
    """The result of training on one plan. Without an adapter, the model stays unchanged.

    `adapter` may also be a complete set of new weights.
    """

    adapter: "Adaptation | None"
    training: Training | None


@option
class Inner(Option, ABC):
    """A method of the inner loop."""

    adapts: ClassVar[bool] = True
    """True if a plan changes the model."""
    makes_adapters: ClassVar[bool] = True
    """True if the result is an adapter that can be saved by itself."""
    makes_dora: ClassVar[bool] = False
    """True if the adapter has magnitudes (DoRA). Not every engine serves these."""

    @property
    def shares_start(self) -> bool:
        """True if all adapters of one context start from the same values."""
        return False

    @property
    @abstractmethod
    def slots(self) -> int:
        """The number of plans to give to `adapt` at once."""

    @abstractmethod
    def n_updates(self, n_sequences: int) -> int:
        """Number of optimizer steps for a plan with `n_sequences` sequences, for forecasts."""

    @abstractmethod
    def steps_per_epoch(self, n_sequences: int) -> int:
        """Number of optimizer steps for one pass over `n_sequences` sequences."""

    def tokens(
        self, tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence, *, chat: "Chat | None"
    ) -> "Tokens | None":
        """The tokens of a sequence, read and trained; None if nothing of it is trained on."""
        return None

    def examples(self, backbone: "Backbone", plan: Plan) -> "list[Tokens]":
        """The trained sequences of a plan, as tokens, in order; without those with tokens that the model lacks."""
        tokens = [self.tokens(backbone.tokenizer, sequence, chat=backbone.chat) for sequence in plan.sequences]
        found = [each for each in tokens if each]
        known = [each for each in found if max(each.ids, default=0) < backbone.n_embeddings]
        if len(known) < len(found):
            _LOG.warning("%d sequences have tokens without an embedding, and are left out", len(found) - len(known))
        return known

    @property
    def longest_text(self) -> int | None:
        """Tokens of a text that are trained on at most; None sets no limit."""
        return None

    def first_tokens(self, backbone: "Backbone", plan: Plan) -> tuple[int, ...]:
        """Those of a plan's first sequence that is trained on: an adapter that was trained by the plan does much there.
        Those of its text where this inner loop has no tokens of its own."""
        found = (self.tokens(backbone.tokenizer, sequence, chat=backbone.chat) for sequence in plan.sequences)
        own = next((tokens.ids for tokens in found if tokens), None)
        return own or tuple(backbone.tokenizer(plan.sequences[0].text)["input_ids"])

    @property
    def adapter_rank(self) -> int:
        """Rank of the adapters; 0 if they are not low-rank."""
        return 0

    @property
    def side_by_side(self) -> int | str:
        """Number of trainings that run side by side, or `auto`."""
        return 1

    @property
    def adapted_layers(self) -> tuple[str, ...]:
        """Name endings of the linear layers that get adapters; empty without adapters."""
        return ()

    def memory(self, shape: ModelShape, widths: Sequence[tuple[int, int]], tokens_per_step: int) -> SlotMemory | None:
        """Memory of one training, beside a model of this shape; None if unknown. `widths` are of the adapted layers."""
        return None

    def adapter_bytes(self, folder: Path, dtype: str) -> int | None:
        """Bytes on disk of one adapter for the model in a folder, in float32; None if there are no adapters."""
        facts = ModelFolder(folder)
        shape = ModelShape.of(facts.config, bytes_per_number=NUMBER_BYTES[dtype])
        found = self.memory(shape, facts.shapes_of(self.adapted_layers), self.tokens_at_once())
        return found.adapter // 4 if found and self.makes_adapters else None

    def tokens_at_once(self, sequence_tokens: int = TYPICAL_TOKENS) -> int:
        """Tokens in one forward pass, if training sequences have `sequence_tokens` each; 0 without training."""
        return 0

    def overridden(self, settings: Mapping[str, float | int | str]) -> Self:
        """These settings with those of a plan in their place. A plan may not change the shape of adapters.

        Raises:
            ConfigError: a plan may not set one of these.
        """
        if not settings.keys() <= PLANNABLE:
            raise ConfigError(f"a plan may set {sorted(PLANNABLE)} of the inner loop, not {sorted(settings)}")
        values: dict[str, Any] = dict(settings)
        return replace(self, **values)

    def load(self, folder: Path) -> "Adaptation":
        """Load an adaptation that this option made and saved."""
        raise NotImplementedError

    @abstractmethod
    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        """Adapt the backbone's model by each plan separately. The model itself stays unchanged.

        The initial weights of an adapter are drawn from its own seed, or from its seed in `starts`.
        A plan that cannot be trained on gives a `Failure`, for example if its loss is not finite.
        """
