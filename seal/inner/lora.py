"""The inner loop with low-rank adapters (LoRA, arXiv 2106.09685). Many adapters are trained side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from seal.inner import Adapted
from seal.inner.low_rank import LowRank
from seal.nn.memory import MOST_SLOTS
from seal.settings import option
from seal.types import Failure

if TYPE_CHECKING:
    from seal.inner.job import ToTrain
    from seal.nn.backbone import Backbone
    from seal.nn.lora_weights import LoRAShape

REFILLS = 4
"""Plans per slot in one batch of work, so that a slot that is done finds another plan."""


@option
class LoRA(LowRank):
    """Low-rank adapters, one per self-edit, trained side by side. The paper adapts only queries and values, with a
    learning rate of 1e-3."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of an adapter's inputs that is dropped. Each adapter has its own random generator for this."""
    parallel: PositiveInt | Literal["auto"] = 16
    """Number of slots: adapters that are trained side by side. More slots take more memory; results change only by
    rounding. `auto` takes as many as fit. If memory runs out, SEAL halves the slots and repeats their work."""

    @model_validator(mode="after")
    def _recomputes_what_was(self) -> Self:
        if self.dropout and self.gradient_checkpointing:
            raise ValueError(
                "dropout and gradient_checkpointing exclude each other: recomputed activations would get a different "
                "dropout mask. Set dropout=0 or gradient_checkpointing=false"
            )
        return self

    @property
    def side_by_side(self) -> int | str:
        return self.parallel

    @property
    def slots(self) -> int:
        return (MOST_SLOTS if self.parallel == "auto" else self.parallel) * REFILLS

    def train(
        self, backbone: "Backbone", shape: "LoRAShape", trainings: "Sequence[ToTrain]"
    ) -> list[Adapted | Failure]:
        from seal.inner.stacked_training import Slots, train_stacked

        slots = Slots(count=self.parallel, memory=self.memory, dropout=self.dropout)
        return train_stacked(backbone, shape, trainings, slots)
