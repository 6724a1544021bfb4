"""The inner loop by low-rank adapters (LoRA, arXiv 2106.09685), many of them side by side."""

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
"""So many times as many plans as slots are worth having at once, so that a slot that is done finds the next one."""


@option
class LoRA(LowRank):
    """Low-rank adapters, one for each self-edit, trained side by side. The defaults are the paper's for Qwen2.5-7B, the
    batch of 1 among them."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the numbers that go into an adapter which are dropped. Each adapter has a generator of its own for
    that."""
    parallel: PositiveInt | Literal["auto"] = 16
    """Slots: how many adapters are trained side by side. More cost memory, and change no result beyond rounding. `auto`
    takes as many as fit. If the memory does not suffice, the slots are halved, and what they did is done anew."""

    @model_validator(mode="after")
    def _recomputes_what_was(self) -> Self:
        if self.dropout and self.gradient_checkpointing:
            raise ValueError(
                "dropout and gradient_checkpointing exclude each other: activations that are computed twice would be "
                "dropped in two ways"
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
