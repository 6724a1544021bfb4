"""The inner loop by low-rank adapters with a trained length of each adapted row (DoRA, arXiv 2402.09353), by PEFT."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from seal.inner import Adapted
from seal.inner.low_rank import LowRank
from seal.settings import option
from seal.types import Failure

if TYPE_CHECKING:
    from seal.inner.job import ToTrain
    from seal.nn.backbone import Backbone
    from seal.nn.lora_weights import LoRAShape

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

    def train(
        self, backbone: "Backbone", shape: "LoRAShape", trainings: "Sequence[ToTrain]"
    ) -> list[Adapted | Failure]:
        from seal.inner.dora_training import train_dora

        return [train_dora(backbone, shape, each) for each in trainings]
