"""What an inner loop makes of a model, whichever way it does: an adapter beside the weights, or other weights.

Whoever adapts, asks, saves or merges treats both alike. Here it is known what each of them needs for that.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel

from seal.nn import adapters
from seal.nn.adapter_stack import AdapterStack
from seal.nn.adapters import Adapter

_WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """All parameters of a model after full fine-tuning, by name; shared ones once."""

    values: dict[str, Tensor]


Adaptation = Adapter | Weights


@contextmanager
def standing_in(model: PreTrainedModel, values: Mapping[str, Tensor]) -> Iterator[None]:
    """While open, the model's parameters have these values; afterwards they have the very tensors that they had.

    Nothing is computed or copied back, so the model is bit for bit what it was.
    """
    parameters = dict(model.named_parameters())
    own = {name: parameters[name].data for name in values}
    try:
        for name, value in values.items():
            parameters[name].data = value.to(own[name].device)
        yield
    finally:
        for name, value in own.items():
            parameters[name].data = value


def attached(model: PreTrainedModel, adaptations: Sequence[Adaptation]) -> AbstractContextManager[None]:
    """While open, the model is adapted: block a of a batch by adapter a; by none it stays as it is.

    Other weights can only stand alone.
    """
    if not adaptations:
        return nullcontext()
    first = adaptations[0]
    if isinstance(first, Weights):
        assert len(adaptations) == 1, "one set of weights at a time"
        return standing_in(model, first.values)
    stack = AdapterStack(model, first.shape, count=len(adaptations), trains=False)
    for slot, adapter in enumerate(adaptations):
        assert isinstance(adapter, Adapter), "adapters and weights in one batch"
        stack.load(slot, adapter)
    return stack.attached()


@torch.no_grad()
def merge(model: PreTrainedModel, adaptation: Adaptation) -> None:
    """Make the model the adapted one, in place."""
    if isinstance(adaptation, Adapter):
        adapters.merge(model, adaptation)
        return
    parameters = dict(model.named_parameters())
    for name, value in adaptation.values.items():
        parameters[name].copy_(value)


def save(adaptation: Adaptation, folder: Path, *, base_model: str) -> None:
    """Write it to a folder: an adapter in PEFT's format, or the parameters as safetensors."""
    if isinstance(adaptation, Adapter):
        adapters.save_peft(adaptation, folder, base_model=base_model)
        return
    save_file({name: value.cpu().contiguous() for name, value in adaptation.values.items()}, folder / _WEIGHTS)


def load(folder: Path) -> Adaptation:
    """Read what `save` wrote."""
    file = folder / _WEIGHTS
    return Weights(values=load_file(file)) if file.exists() else adapters.load_peft(folder)
