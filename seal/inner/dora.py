"""The inner loop with DoRA adapters (arXiv 2402.09353), by PEFT: LoRA with trained magnitudes of weight rows."""

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
"""Number of adapters that answer queries in one batch."""


@option
class DoRA(LowRank):
    """As inner=lora, with trained magnitudes of weight rows (DoRA). PEFT trains the adapters one after another, which
    is slow. They answer side by side like other adapters."""

    makes_dora: ClassVar[bool] = True

    @property
    def slots(self) -> int:
        """Adapters are trained one after another, but answer in one batch."""
        return ASKED_TOGETHER

    def train(
        self, backbone: "Backbone", shape: "LoRAShape", trainings: "Sequence[ToTrain]"
    ) -> list[Adapted | Failure]:
        from seal.inner.dora_training import train_dora

        return [train_dora(backbone, shape, each) for each in trainings]
