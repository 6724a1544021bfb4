"""How much memory stacked trainings take: an estimate from a model's shape, before or after it is loaded. No torch.

Of each slot: the adapter, its gradient and AdamW's two moments in float32, and what one step keeps for going backwards.
The second is a rule of thumb for transformers with a gated MLP, held against what torch keeps in a test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

USABLE = 0.85
"""Share of the free memory that is planned with; the rest is for what was not thought of."""
MOST_SLOTS = 32
"""More adapters side by side do not train faster: the matrix products are as large as the machine likes by then."""
NUMBER_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
_FLOAT32 = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """What matters of a causal transformer."""

    n_layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    bytes_per_number: int

    @staticmethod
    def of(config: Mapping[str, Any], *, bytes_per_number: int) -> "ModelShape":
        """From a configuration as transformers writes it, of newer models or of GPT-2's time."""
        hidden = _size(config, "hidden_size", "n_embd")
        return ModelShape(
            n_layers=_size(config, "num_hidden_layers", "n_layer"),
            hidden=hidden,
            intermediate=_size(config, "intermediate_size", "n_inner") or 4 * hidden,
            vocabulary=_size(config, "vocab_size"),
            bytes_per_number=bytes_per_number,
        )

    def kept_bytes(self, *, n_inputs: int, recomputed: bool) -> int:
        """What a trained token keeps until the backward pass; `n_inputs` numbers go into the adapters, in float32."""
        layer = (16 * self.hidden + 4 * self.intermediate) * self.bytes_per_number
        adapters = n_inputs * _FLOAT32
        logits = self.vocabulary * (self.bytes_per_number + 2 * _FLOAT32)
        if not recomputed:
            return self.n_layers * layer + adapters + logits
        ends = self.n_layers * self.hidden * self.bytes_per_number
        return ends + layer + adapters // max(1, self.n_layers) + logits


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotMemory:
    """The bytes of one slot."""

    adapter: int
    kept: int
    """By the largest step's tokens until the backward pass."""

    @property
    def total(self) -> int:
        return self.adapter + self.kept

    def slots_in(self, free_bytes: int) -> int:
        """How many slots that memory has room for; at least one, at most what is useful."""
        return max(1, min(MOST_SLOTS, int(free_bytes * USABLE) // max(1, self.total)))


def slot_memory(
    shape: ModelShape, *, widths: Sequence[tuple[int, int]], rank: int, tokens_per_step: int, recomputed: bool
) -> SlotMemory:
    """Of adapters beside layers with so many numbers in and out."""
    n_numbers = rank * sum(map(sum, widths))
    kept = shape.kept_bytes(n_inputs=sum(n_in for n_in, _ in widths), recomputed=recomputed)
    return SlotMemory(adapter=4 * _FLOAT32 * n_numbers, kept=tokens_per_step * kept)


def _size(config: Mapping[str, Any], *names: str) -> int:
    """The first of these that is there; of a size that layers differ in, the largest; 0 where there is none."""
    found = next((config[name] for name in names if config.get(name)), 0)
    return max(found) if isinstance(found, list) else found
