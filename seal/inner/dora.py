"""The inner loop by low-rank adapters with a trained length of each adapted row (DoRA, arXiv 2402.09353), by PEFT."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from seal.inner import Adapted
from seal.inner.low_rank import LowRank
from seal.settings import option
from seal.types import Failure, Plan

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone

ASKED_TOGETHER = 64
"""Adapters whose models are asked at once."""


@option
class DoRA(LowRank):
    """As inner=lora, with a trained length of each adapted row (DoRA). PEFT trains the adapters one after the other,
    which is slow. They answer side by side like the others."""

    makes_dora: ClassVar[bool] = True

    @property
    def slots(self) -> int:
        """Trained one after the other, they are asked together."""
        return ASKED_TOGETHER

    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        from seal.inner.dora_training import train_dora
        from seal.nn.lora_weights import LoRAShape

        shape = LoRAShape(
            rank=self.rank, alpha=self.alpha, targets=self.targets, rank_stabilized=self.rank_stabilized, dora=True
        )
        return [train_dora(backbone, shape, each) for each in self.trainings(backbone, plans, seeds, starts)]
