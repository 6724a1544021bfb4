"""All parameters of a model after full fine-tuning, which stand in for its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel

from seal.nn.adaptation import Adaptation

_FILE = "weights.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights(Adaptation):
    """Other weights. They can only stand alone."""

    values: dict[str, Tensor]
    """By the parameter's name; shared ones once."""

    @classmethod
    def attached(cls, model: PreTrainedModel, group: Sequence[Self]) -> AbstractContextManager[None]:
        assert len(group) == 1, "one set of weights at a time"
        return standing_in(model, group[0].values)

    @torch.no_grad()
    def merge(self, model: PreTrainedModel) -> None:
        parameters = dict(model.named_parameters())
        for name, value in self.values.items():
            parameters[name].copy_(value)

    def save(self, folder: Path, *, base_model: str) -> None:
        """The parameters, as safetensors."""
        save_file({name: value.cpu().contiguous() for name, value in self.values.items()}, folder / _FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(values=load_file(folder / _FILE))


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
