"""Which linear layers of a model an adapter can go beside: those that are called with one tensor and give one, and that
PEFT adapts too. Tried out, because nothing says so.

Some models read a layer's weight and never call it (Mamba's time steps), and some routers are linear layers by class
that return several things: an adapter beside them would do nothing, or break.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from seal.errors import first_line

Linear = nn.Linear | Conv1D
"""A linear layer; that of GPT-2, which transformers calls Conv1D, keeps its weight transposed, [in, out]."""
_N_TOKENS = 16
_CANNOT = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, NotImplementedError)
_PEFT_PREFIX = "[PEFT:PeftType.LORA] "
"""What it begins its messages with."""

_unfit: WeakKeyDictionary[PreTrainedModel, dict[str, str]] = WeakKeyDictionary()
_refused: dict[tuple[object, ...], dict[str, str]] = {}
"""By kind of model and its layers: policies of all rounds are of one kind."""


def unfit_layers(model: PreTrainedModel) -> Mapping[str, str]:
    """Linear layers that no adapter can go beside, by path, each with the reason. Of a model without adapters."""
    if model not in _unfit:
        used_otherwise = _used_otherwise(model)
        others = [path for path in linear_layers(model) if path not in used_otherwise]
        kind = (type(model), model.config.to_json_string(), *others)
        if kind not in _refused:
            _refused[kind] = _refused_by_peft(model, others)
        _unfit[model] = used_otherwise | _refused[kind]
    return _unfit[model]


def linear_layers(model: PreTrainedModel) -> dict[str, Linear]:
    """All that are so by class, by path."""
    return {path: layer for path, layer in model.named_modules() if isinstance(layer, nn.Linear | Conv1D)}


class _Watched(nn.Module):
    """Stands in for a linear layer, and sees how it is used."""

    def __init__(self, layer: Linear) -> None:
        super().__init__()
        self.layer = layer
        self.fault: str | None = None
        self.is_called = self.is_read = False

    def forward(self, *inputs: Any, **named: Any) -> Any:
        self.is_called = True
        output = self.layer(*inputs, **named)
        kind = type(self.layer).__name__
        if len(inputs) != 1 or named or not isinstance(output, Tensor):
            self.fault = f"a {kind} that takes or gives more than one tensor"
        elif output.shape != (*inputs[0].shape[:-1], self._n_out()):
            self.fault = f"a {kind} whose output is not one number a row of its weight"
        return output

    def _n_out(self) -> int:
        return self.layer.weight.shape[1 if isinstance(self.layer, Conv1D) else 0]

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_modules", {}):
            return self.__dict__["_modules"][name]
        self.is_read = True
        return getattr(self.layer, name)

    @property
    def reason(self) -> str | None:
        """Why no adapter can go beside the layer; None if one can. Of a layer that was not needed nothing is known."""
        if self.is_read and not self.is_called:
            return "its weight is read, and it is never called"
        return self.fault


@torch.no_grad()
def _used_otherwise(model: PreTrainedModel) -> dict[str, str]:
    watched = {path: _Watched(layer) for path, layer in linear_layers(model).items()}
    try:
        for path, stand_in in watched.items():
            _put(model, path, stand_in)
        ids = torch.arange(_N_TOKENS, device=model.device)[None] + 2
        model(input_ids=ids, use_cache=False)
    except _CANNOT:
        return {}  # whoever uses the model will be told
    finally:
        for path, stand_in in watched.items():
            _put(model, path, stand_in.layer)
    return {path: stand_in.reason for path, stand_in in watched.items() if stand_in.reason}


def _put(model: PreTrainedModel, path: str, layer: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, layer)


def _refused_by_peft(model: PreTrainedModel, paths: Sequence[str]) -> dict[str, str]:
    """Layers that PEFT does not put an adapter beside when it is told to, each with the reason."""
    try:
        return _not_adapted(model, paths)
    except _CANNOT:  # which one it was is not said in a way that one could rely on
        return {path: reason for path in paths for reason in _refusal(model, path)}


def _refusal(model: PreTrainedModel, path: str) -> Iterator[str]:
    try:
        yield from _not_adapted(model, [path]).values()
    except _CANNOT as error:
        yield f"PEFT refuses it ({first_line(error).removeprefix(_PEFT_PREFIX)})"


def _not_adapted(model: PreTrainedModel, paths: Sequence[str]) -> dict[str, str]:
    """Tried on a model of this kind that has shapes and no numbers."""
    if not paths:
        return {}
    with torch.device("meta"), warnings.catch_warnings(action="ignore"):
        shell = type(model)(deepcopy(model.config))
        get_peft_model(shell, LoraConfig(r=1, target_modules=list(paths), task_type="CAUSAL_LM"))
    reason = "PEFT takes its name for that of the experts' block"
    return {path: reason for path in paths if not isinstance(shell.get_submodule(path), BaseTunerLayer)}
