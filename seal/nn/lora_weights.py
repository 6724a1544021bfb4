"""The numbers of LoRA adapters, and the layers of a model that they go beside.

This module knows layers; it has never heard of self-edits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from seal.errors import ModelError
from seal.nn.plain_layers import Linear, linear_layers, unfit_layers
from seal.types import ALL_LINEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class LoRAShape:
    """What adapters must share to be stacked."""

    rank: int
    alpha: float
    targets: tuple[str, ...]
    """Names of linear layers as they end, for example `q_proj`; or `all-linear`."""
    rank_stabilized: bool = False
    """Whether the output is scaled by alpha / √rank (rsLoRA, arXiv 2312.03732) instead of alpha / rank."""
    dora: bool = False
    """Whether adapters say how long the rows of the changed weights are (DoRA, arXiv 2402.09353)."""

    @property
    def scale(self) -> float:
        return self.alpha / (self.rank**0.5 if self.rank_stabilized else self.rank)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoRAWeights:
    """Of one adapter: per adapted layer, A [R, in] and B [out, R], in main memory."""

    shape: LoRAShape
    weights: dict[str, tuple[Tensor, Tensor]]
    """By the layer's path in the model."""
    transposed: bool
    """Whether the model's layers keep their weights as [in, out], which PEFT has to be told."""
    magnitudes: dict[str, Tensor] = field(default_factory=dict)
    """By the layer's path, of DoRA alone: the length of each row of the changed weight, [out]."""


def features(layer: Linear) -> tuple[int, int]:
    """How many numbers go into a layer and come out."""
    ends = tuple(layer.weight.shape)
    return (ends[0], ends[1]) if isinstance(layer, Conv1D) else (ends[1], ends[0])


def target_layers(model: PreTrainedModel, targets: Sequence[str]) -> dict[str, Linear]:
    """The linear layers that the targets name, by path; of `all-linear` those that an adapter can go beside.

    Raises:
        ModelError: a target names no linear layer of this model, or one that no adapter can go beside; or the model has
            none at all.
    """
    linears, unfit = linear_layers(model), unfit_layers(model)
    head = model.get_output_embeddings()
    inner = {path: layer for path, layer in linears.items() if layer is not head and path not in unfit}
    if not inner:
        raise ModelError(f"{type(model).__name__} has no linear layer that an adapter could go beside")
    if ALL_LINEAR in targets:
        return inner
    endings = ", ".join(sorted({path.rsplit(".", 1)[-1] for path in inner}))
    for target in targets:
        if path := next((path for path in unfit if _named(path, target)), None):
            raise ModelError(f"no adapter can go beside '{target}' ({path}): {unfit[path]}; it can beside {endings}")
        if not any(_named(path, target) for path in linears):
            raise ModelError(f"the model has no linear layer '{target}'{_what(model, target)}; it has {endings}")
    return {path: layer for path, layer in linears.items() if any(_named(path, target) for target in targets)}


def _what(model: PreTrainedModel, target: str) -> str:
    """What else is called so."""
    for path, module in model.named_modules():
        if _named(path, target):
            return f" ({path} is a {type(module).__name__})"
    for path, weight in model.named_parameters():
        if _named(path, target):
            return f" ({path} is a parameter {list(weight.shape)})"
    return ""


def left_out(model: PreTrainedModel, targets: Sequence[str]) -> Iterator[str]:
    """What these targets might mean and no adapter goes beside, in sentences."""
    unfit = unfit_layers(model) if ALL_LINEAR in targets else {}
    for reason in sorted(set(unfit.values())):
        paths = [path for path, other in unfit.items() if other == reason]
        yield f"adapters leave out {_endings(paths)} of {type(model).__name__}: {reason}"
    blocks = [path for path, weight in model.named_parameters() if weight.ndim == 3 and "expert" in path]
    meant = [path for path in blocks if ALL_LINEAR in targets or any(_named(path, target) for target in targets)]
    if meant:
        yield f"adapters leave out {_endings(meant)} of {type(model).__name__}: weights of all experts in one block"


def _endings(paths: Sequence[str]) -> str:
    return ", ".join(sorted({path.removesuffix(".weight").rsplit(".", 1)[-1] for path in paths}))


def _named(path: str, target: str) -> bool:
    return path == target or path.endswith(f".{target}")


def factors(adapter: LoRAWeights, path: str, layer: Linear) -> Tensor:
    """By what DoRA multiplies each output of a changed layer, [out]: then its weight's rows have their magnitudes."""
    device = layer.weight.device
    lora_a, lora_b = (part.to(device) for part in adapter.weights[path])
    changed = rows_of(layer).to(lora_a) + adapter.shape.scale * (lora_b @ lora_a)
    lengths: Tensor = changed.norm(dim=1)
    return adapter.magnitudes[path].to(device) / lengths


def rows_of(layer: Linear) -> Tensor:
    """The weight of a layer as [out, in]."""
    return layer.weight.T if isinstance(layer, Conv1D) else layer.weight
