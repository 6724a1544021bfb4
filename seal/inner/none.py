"""No inner loop: plans leave the model unchanged. This is the simplest baseline."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from seal.inner import Adapted, Inner
from seal.settings import option
from seal.types import Failure, Plan

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


@option
class NoAdaptation(Inner):
    """Plans leave the model unchanged: the unadapted model answers."""

    adapts: ClassVar[bool] = False
    makes_adapters: ClassVar[bool] = False

    @property
    def slots(self) -> int:
        return 32

    def n_updates(self, n_sequences: int) -> int:
        return 0

    def steps_per_epoch(self, n_sequences: int) -> int:
        return 0

    def adapt(
        self,
        backbone: "Backbone",
        plans: Sequence[Plan],
        seeds: Sequence[int],
        starts: Sequence[int] | None = None,
    ) -> list[Adapted | Failure]:
        return [Adapted(adapter=None, training=None) for _ in plans]
