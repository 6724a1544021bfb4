"""The common part of inner loops with low-rank adapters: the shape of adapters, and the course of their training.

The algorithm is the published one: AdamW without weight decay, with each adapter's gradient clipped by its own norm.
SEAL differs on purpose in two points. Padding is not trained on unless asked for. The end token is appended and trained
on.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from seal.inner import TYPICAL_SEQUENCES, TYPICAL_TOKENS, Adapted
from seal.inner.trained import Trained
from seal.nn.course import Course
from seal.nn.memory import ModelShape, SlotMemory, slot_memory
from seal.settings import option
from seal.types import ALL_LINEAR, Failure, Plan

if TYPE_CHECKING:
    from seal.inner.job import ToTrain
    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbone
    from seal.nn.lora_weights import LoRAShape


_RATE, _WIDTH, _EXPONENT = 5e-4, 2000, 0.78
"""The learning rate of a Llama with this hidden size, and how it falls with the size. 1.3e-3 for SmolLM2-135M."""


@option
class LowRank(Trained):
    """Low-rank adapters on the linear layers named by `targets`."""

    rank: Annotated[int, Field(ge=1, le=256)] = 32
    """Rank R of the matrices A [R, in] and B [out, R]."""
    alpha: PositiveFloat = 64.0
    """The adapter's output is scaled by alpha / rank."""
    rank_stabilized: bool = False
    """If true, the output is scaled by alpha / √rank instead (rsLoRA, arXiv 2312.03732)."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)] = (ALL_LINEAR,)
    """Name endings of the linear layers that get adapters. `[all-linear]` means all but the output head."""
    start: Literal["own", "shared"] = "own"
    """`own`: each adapter draws its own initial A. `shared`: all adapters of one context start from the same A, as in
    the published few-shot experiment. They then differ only in their sequences, and the order of these."""
    learning_rate: PositiveFloat | Literal["auto"] = "auto"
    """Peak learning rate. `auto` is 5e-4 · (2000 / hidden size)^0.78, which Thinking Machines published for Llamas
    (2025). It is 4.3e-3 for the tiny model and 3.2e-4 for one of 7B."""
    schedule: Literal["linear", "cosine"] = "linear"
    """How the learning rate falls to 0 after warm-up."""
    warmup_steps: NonNegativeInt = 0
    """Optimizer steps over which the learning rate rises from 0."""
    epochs: PositiveInt = 10
    """Passes over a self-edit's sequences, each in a new random order."""
    steps: PositiveInt | None = None
    """Number of optimizer steps of a training, whatever the number of passes. null follows `epochs`."""
    batch_size: PositiveInt | None = 1
    """Sequences per optimizer step. null takes all sequences of a self-edit at once."""
    micro_batch_size: PositiveInt | None = None
    """Sequences of a batch in one forward pass; fewer take less memory. null takes the whole batch."""
    max_grad_norm: PositiveFloat = 1.0
    """Each adapter's gradient is clipped to this norm."""
    padding_loss: Literal["none", "sampled", "exact"] = "none"
    """`none` trains on no padding. `exact` pads each sequence to `max_tokens` and trains on the padding too, as the
    published code does. This is slow. `sampled` trains on a random sample of that padding, with weights. Its expected
    loss is the same, in a fraction of the time."""
    padding_samples: PositiveInt = 16
    """Number of padding tokens that `sampled` draws per sequence and step."""
    gradient_checkpointing: bool = False
    """If true, activations are recomputed instead of stored. This takes less memory and more time."""

    @property
    def shares_start(self) -> bool:
        return self.start == "shared"

    @property
    def adapter_rank(self) -> int:
        return self.rank

    @property
    def adapted_layers(self) -> tuple[str, ...]:
        return self.targets

    @property
    def course(self) -> Course:
        return Course(
            learning_rate=math.nan if self.learning_rate == "auto" else self.learning_rate,  # who counts needs none
            schedule=self.schedule,
            epochs=self.epochs,
            steps=self.steps,
            batch_size=self.batch_size,
            micro_batch_size=self.micro_batch_size,
            warmup_steps=self.warmup_steps,
            max_grad_norm=self.max_grad_norm,
            gradient_checkpointing=self.gradient_checkpointing,
        )

    def memory(self, shape: ModelShape, widths: Sequence[tuple[int, int]], tokens_per_step: int) -> SlotMemory:
        recomputed = self.gradient_checkpointing
        return slot_memory(shape, widths=widths, rank=self.rank, tokens_per_step=tokens_per_step, recomputed=recomputed)

    def tokens_at_once(self, sequence_tokens: int = TYPICAL_TOKENS) -> int:
        at_once = min(self.batch_size or TYPICAL_SEQUENCES, self.micro_batch_size or TYPICAL_SEQUENCES)
        whole = min(sequence_tokens, self.max_tokens)
        padding = {"none": 0, "sampled": self.padding_samples, "exact": self.max_tokens - whole}[self.padding_loss]
        return at_once * (whole + padding)

    @property
    def pads_exactly(self) -> bool:
        return self.padding_loss == "exact"

    def load(self, folder: Path) -> "Adaptation":
        from seal.nn.adapters import Adapter

        return Adapter.load(folder)

    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        from seal.nn.lora_weights import LoRAShape, left_out

        shape = LoRAShape(
            rank=self.rank,
            alpha=self.alpha,
            targets=self.targets,
            rank_stabilized=self.rank_stabilized,
            dora=self.makes_dora,
        )
        for note in left_out(backbone.model, self.targets):
            backbone.probes.say(note)
        return self.train(backbone, shape, self._for_model(backbone)._trainings(backbone, plans, seeds, starts))

    def _for_model(self, backbone: "Backbone") -> Self:
        if self.learning_rate != "auto":
            return self
        width = backbone.model.config.get_text_config().hidden_size
        return replace(self, learning_rate=_RATE * (_WIDTH / width) ** _EXPONENT)

    @abstractmethod
    def train(
        self, backbone: "Backbone", shape: "LoRAShape", trainings: "Sequence[ToTrain]"
    ) -> list[Adapted | Failure]:
        """One adapter of this shape per training, in order, as in `adapt`."""

    def _trainings(
        self, backbone: "Backbone", plans: Sequence[Plan], seeds: Sequence[int], starts: Sequence[int] | None
    ) -> "list[ToTrain]":
        """The trainings that the plans ask for: examples and course."""
        from seal.inner.job import SampledPadding, ToTrain

        sampled = SampledPadding(n_samples=self.padding_samples, row_tokens=self.max_tokens)
        return [
            ToTrain(
                examples=tuple(self.examples(backbone, plan)),
                course=self.overridden(plan.settings).course,
                padding=sampled if self.padding_loss == "sampled" else None,
                watched=self.watched(backbone, plan),
                seed=seed,
                start=start,
            )
            for plan, seed, start in zip(plans, seeds, starts or seeds, strict=True)
        ]
