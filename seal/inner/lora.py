"""The inner loop by low-rank adapters (LoRA, arXiv 2106.09685), many of them side by side.

The algorithm is the published one: AdamW without weight decay, the gradient of each adapter clipped by its own norm.
Two things are different on purpose: padding is not trained on unless asked for, and the end token is appended and
trained on.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from seal.inner import Adapted, Inner
from seal.settings import option
from seal.text import Tokens, encode_sequence, padding_id
from seal.types import Failure, Plan, TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.backbone import Backbone


@option
class LoRA(Inner):
    """Low-rank adapters on the linear layers named by `targets`."""

    rank: Annotated[int, Field(ge=1, le=256)]
    """R of the matrices A [R, in] and B [out, R]."""
    alpha: PositiveFloat
    """The adapter's output is scaled by alpha / rank."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of linear layers as they end; or `all-linear`: every one but the output head."""
    learning_rate: PositiveFloat
    """At its peak."""
    schedule: Literal["linear", "cosine"]
    """How the learning rate falls to 0 after warm-up."""
    warmup_steps: NonNegativeInt
    """Optimizer steps over which the learning rate rises from 0."""
    epochs: PositiveInt
    """Passes over a plan's sequences, each in a fresh random order."""
    batch_size: PositiveInt | None
    """Sequences an optimizer step; null takes all of a plan's sequences at once."""
    max_grad_norm: PositiveFloat
    """Each adapter's gradient is scaled down to this norm."""
    append_end: bool
    """Whether the end token is appended to each sequence and trained on."""
    padding_loss: Literal["none", "exact"]
    """Whether each sequence is padded to `max_tokens` and the padding trained on, as the published code does."""
    max_tokens: PositiveInt
    """Longer sequences are cut at this length."""
    parallel: PositiveInt
    """How many adapters are trained side by side; costs memory, changes no result beyond rounding."""

    @property
    def slots(self) -> int:
        return self.parallel

    def n_updates(self, n_sequences: int) -> int:
        return self.epochs * -(-n_sequences // (self.batch_size or n_sequences))

    def tokens(self, tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence) -> Tokens:
        tokens = encode_sequence(tokenizer, sequence, append_end=self.append_end).cut(self.max_tokens)
        return tokens if self.padding_loss == "none" else tokens.padded(self.max_tokens, padding_id(tokenizer))

    def adapt(self, backbone: "Backbone", plans: Sequence[Plan], seeds: Sequence[int]) -> list[Adapted | Failure]:
        from seal.inner.stacked_training import train_stacked

        return train_stacked(self, backbone, plans, seeds)
