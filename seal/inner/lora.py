"""The inner loop by low-rank adapters (LoRA, arXiv 2106.09685), many of them side by side.

The algorithm is the published one: AdamW without weight decay, the gradient of each adapter clipped by its own norm.
Two things are different on purpose: padding is not trained on unless asked for, and the end token is appended and
trained on.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from seal.inner import TYPICAL_SEQUENCES, TYPICAL_TOKENS, Adapted, Inner
from seal.settings import option
from seal.text import Tokens, training_tokens
from seal.types import Failure, Plan, TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.backbone import Backbone
    from seal.inner.memory import ModelShape, SlotMemory

MOST_SLOTS = 32
"""More adapters side by side do not train faster: the matrix products are as large as the machine likes by then."""
REFILLS = 4
"""So many times as many plans as slots are worth having at once, so that a slot that is done finds the next one."""


@option
class LoRA(Inner):
    """Low-rank adapters on the linear layers named by `targets`."""

    rank: Annotated[int, Field(ge=1, le=256)]
    """R of the matrices A [R, in] and B [out, R]."""
    alpha: PositiveFloat
    """The adapter's output is scaled by alpha / rank."""
    rank_stabilized: bool
    """Whether it is scaled by alpha / √rank instead (rsLoRA, arXiv 2312.03732)."""
    dora: bool
    """Whether the rows of the adapted weights get a trained length beside (DoRA, arXiv 2402.09353). Such adapters are
    trained one after the other, by PEFT; they answer side by side like the others."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of linear layers as they end; or `all-linear`: every one but the output head."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Share of the numbers that go into an adapter which are dropped, each adapter with a generator of its own."""
    start: Literal["own", "shared"]
    """Whether each adapter draws an A of its own to start from, or all that are tried on one context share it, as in
    the published few-shot experiment: what they differ in then is the self-edit, and the order of what it makes."""
    learning_rate: PositiveFloat
    """At its peak."""
    schedule: Literal["linear", "cosine"]
    """How the learning rate falls to 0 after warm-up."""
    warmup_steps: NonNegativeInt
    """Optimizer steps over which the learning rate rises from 0."""
    epochs: PositiveInt
    """Passes over a plan's sequences, each in a fresh random order."""
    steps: PositiveInt | None = None
    """Optimizer steps of a training, however many passes they take; null takes those of `epochs`."""
    batch_size: PositiveInt | None
    """Sequences an optimizer step; null takes all of a plan's sequences at once."""
    micro_batch_size: PositiveInt | None
    """Sequences of a batch that go through the model at once; null takes the whole batch. Saves memory."""
    max_grad_norm: PositiveFloat
    """Each adapter's gradient is scaled down to this norm."""
    append_end: bool
    """Whether the end token is appended to each sequence and trained on."""
    padding_loss: Literal["none", "sampled", "exact"]
    """`exact` pads each sequence to `max_tokens` and trains on the padding too, as the published code does; `sampled`
    takes a few of that padding at random, each counting for many: on average the same, in a fraction of the time."""
    padding_samples: PositiveInt
    """How many, a sequence and step."""
    max_tokens: PositiveInt
    """Longer texts are cut at this length; a message with a reply is left out if it is longer."""
    gradient_checkpointing: bool
    """Whether activations are computed twice instead of being kept: less memory, more time."""
    parallel: PositiveInt | Literal["auto"]
    """Slots: how many adapters are trained side by side; costs memory, changes no result beyond rounding. `auto` takes
    as many as fit. If the memory does not suffice, the slots are halved, and what they did is done anew."""

    @model_validator(mode="after")
    def _recomputes_what_was(self) -> Self:
        if self.dropout and self.gradient_checkpointing:
            raise ValueError(
                "dropout and gradient_checkpointing exclude each other: activations that are computed twice would be "
                "dropped in two ways"
            )
        return self

    @model_validator(mode="after")
    def _drops_nothing_beside_magnitudes(self) -> Self:
        if self.dropout and self.dora:
            raise ValueError("dora and dropout exclude each other: set one of them to false or 0")
        return self

    @property
    def shares_start(self) -> bool:
        return self.start == "shared"

    @property
    def slots(self) -> int:
        return (MOST_SLOTS if self.parallel == "auto" else self.parallel) * REFILLS

    def memory(self, shape: "ModelShape", widths: Sequence[tuple[int, int]], tokens_per_step: int) -> "SlotMemory":
        from seal.inner.memory import slot_memory

        recomputed = self.gradient_checkpointing
        return slot_memory(shape, widths=widths, rank=self.rank, tokens_per_step=tokens_per_step, recomputed=recomputed)

    def tokens_at_once(self, sequence_tokens: int = TYPICAL_TOKENS) -> int:
        at_once = min(self.batch_size or TYPICAL_SEQUENCES, self.micro_batch_size or TYPICAL_SEQUENCES)
        whole = min(sequence_tokens, self.max_tokens)
        padding = {"none": 0, "sampled": self.padding_samples, "exact": self.max_tokens - whole}[self.padding_loss]
        return at_once * (whole + padding)

    def n_updates(self, n_sequences: int) -> int:
        return self.steps or self.epochs * self.steps_per_epoch(n_sequences)

    def steps_per_epoch(self, n_sequences: int) -> int:
        return -(-n_sequences // (self.batch_size or n_sequences))

    def tokens(self, tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence, *, chat: bool) -> Tokens | None:
        return training_tokens(
            tokenizer,
            sequence,
            append_end=self.append_end,
            chat=chat,
            max_tokens=self.max_tokens,
            padded=self.padding_loss == "exact",
        )

    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        if self.dora:
            from seal.inner.dora_training import train_dora

            return [
                train_dora(self, backbone, plan, seed, start)
                for plan, seed, start in zip(plans, seeds, starts or seeds, strict=True)
            ]
        from seal.inner.stacked_training import train_stacked

        return train_stacked(self, backbone, plans, seeds, starts or seeds)
