"""The inner loop with full fine-tuning: it trains all weights of the model, on one plan at a time.

The second version of the paper trains on large corpora this way (arXiv 2506.10943v2). SEAL differs on purpose in three
points. Padding is not trained on unless asked for. The end token is appended and trained on. Weights are always trained
in float32, because such small steps vanish in 16 bits.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from seal.inner import Adapted
from seal.inner.trained import Trained
from seal.nn.course import Course
from seal.settings import check_micro_batches, option
from seal.types import Failure, Plan

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbone


@option
class Full(Trained):
    """All weights of the model are trained, one model at a time. The defaults are the paper's for continued pretraining
    (v2).

    Memory holds the model and, in float32, its trained copy, the gradients and the two moments of AdamW.
    """

    makes_adapters: ClassVar[bool] = False

    learning_rate: PositiveFloat = 7e-5
    """Peak learning rate."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate changes after warm-up: it falls to 0, or stays constant."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """Share of the optimizer steps over which the learning rate rises from 0."""
    epochs: PositiveInt = 1
    """Passes over a self-edit's sequences, each in a new random order."""
    steps: PositiveInt | None = None
    """Number of optimizer steps of a training, whatever the number of passes. null follows `epochs`."""
    batch_size: PositiveInt = 8
    """Sequences per optimizer step."""
    micro_batch_size: PositiveInt | None = 4
    """Sequences in memory at once, a divisor of `batch_size`. null takes the whole batch."""
    max_grad_norm: PositiveFloat = 1.0
    """The gradient is clipped to this norm."""
    gradient_checkpointing: bool = False
    """If true, activations are recomputed instead of stored. This takes less memory and more time."""
    padding_loss: Literal["none", "exact"] = "none"
    """`none` trains on no padding. `exact` pads each sequence to `max_tokens` and trains on the padding too, as the
    published code does. This is slow."""

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        check_micro_batches(self.batch_size, self.micro_batch_size)
        return self

    @property
    def slots(self) -> int:
        return 1

    @property
    def course(self) -> Course:
        return Course(
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            epochs=self.epochs,
            steps=self.steps,
            batch_size=self.batch_size,
            micro_batch_size=self.micro_batch_size,
            warmup_ratio=self.warmup_ratio,
            max_grad_norm=self.max_grad_norm,
            gradient_checkpointing=self.gradient_checkpointing,
        )

    @property
    def pads_exactly(self) -> bool:
        return self.padding_loss == "exact"

    def load(self, folder: Path) -> "Adaptation":
        from seal.nn.weights import Weights

        return Weights.load(folder)

    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        from seal.inner.full_training import train_full

        return [
            train_full(backbone, self.examples(backbone, plan), self.overridden(plan.settings).course, seed)
            for plan, seed in zip(plans, seeds, strict=True)
        ]
