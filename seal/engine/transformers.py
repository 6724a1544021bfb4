"""Generation in this process with the transformers library: the backbone that trains is the one that writes."""

from typing import TYPE_CHECKING

from pydantic import PositiveInt

from seal.engine import Engine, Generator, Spend
from seal.settings import option
from seal.types import Policy

if TYPE_CHECKING:
    from seal.nn.backbone import Backbones


@option
class Transformers(Engine):
    """Generation in this process: the weights that train are the ones that write. Requests with different adapters
    share a batch."""

    prompts_per_batch: PositiveInt = 64
    """Texts that are written at once. More cost memory, and change no result beyond rounding."""

    @property
    def batch_size(self) -> int:
        return self.prompts_per_batch

    def generator(self, policy: Policy, backbones: "Backbones", spend: Spend) -> Generator:
        from seal.engine.batched_generation import BatchedGenerator

        return BatchedGenerator(backbones.get(policy), prompts_per_batch=self.prompts_per_batch)
