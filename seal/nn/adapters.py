"""LoRA adapters: as values, merged into a model, and on disk in PEFT's format.

This module knows layers; it has never heard of self-edits. Many adapters at once are `seal.nn.adapter_stack`'s.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from seal.errors import ModelError
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
class Adapter:
    """One trained adapter: per adapted layer, A [R, in] and B [out, R], in main memory."""

    shape: LoRAShape
    weights: dict[str, tuple[Tensor, Tensor]]
    """By the layer's path in the model."""
    transposed: bool
    """Whether the model's layers keep their weights as [in, out], which PEFT has to be told."""
    magnitudes: dict[str, Tensor] = field(default_factory=dict)
    """By the layer's path, of DoRA alone: the length of each row of the changed weight, [out]."""


Linear = nn.Linear | Conv1D
"""A linear layer; that of GPT-2, which transformers calls Conv1D, keeps its weight transposed, [in, out]."""


def features(layer: Linear) -> tuple[int, int]:
    """How many numbers go into a layer and come out."""
    ends = tuple(layer.weight.shape)
    return (ends[0], ends[1]) if isinstance(layer, Conv1D) else (ends[1], ends[0])


def target_layers(model: PreTrainedModel, targets: Sequence[str]) -> dict[str, Linear]:
    """The linear layers that the targets name, by path.

    Raises:
        ModelError: a target names no linear layer of this model, or it has none at all.
    """
    linears = {path: layer for path, layer in model.named_modules() if isinstance(layer, nn.Linear | Conv1D)}
    head = model.get_output_embeddings()
    inner = {path: layer for path, layer in linears.items() if layer is not head}
    if not inner:
        raise ModelError(f"{type(model).__name__} has no linear layer that an adapter could go beside")
    if ALL_LINEAR in targets:
        return inner
    for target in targets:
        if not any(_named(path, target) for path in linears):
            endings = sorted({path.rsplit(".", 1)[-1] for path in inner})
            raise ModelError(f"the model has no linear layer '{target}'; it has {', '.join(endings)}")
    return {path: layer for path, layer in linears.items() if any(_named(path, target) for target in targets)}


def _named(path: str, target: str) -> bool:
    return path == target or path.endswith(f".{target}")


def save_peft(adapter: Adapter, folder: Path, *, base_model: str) -> None:
    """Write an adapter in PEFT's format, for `peft.PeftModel.from_pretrained`. Names `base_model` as its base."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for path, (lora_a, lora_b) in adapter.weights.items():
        tensors[f"base_model.model.{path}.lora_A.weight"] = lora_a.cpu().contiguous()
        tensors[f"base_model.model.{path}.lora_B.weight"] = lora_b.cpu().contiguous()
    for path, magnitude in adapter.magnitudes.items():
        tensors[f"base_model.model.{path}.lora_magnitude_vector"] = magnitude.cpu().contiguous()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_model,
        "r": adapter.shape.rank,
        "lora_alpha": adapter.shape.alpha,
        "lora_dropout": 0.0,
        "use_rslora": adapter.shape.rank_stabilized,
        "use_dora": adapter.shape.dora,
        "bias": "none",
        "fan_in_fan_out": adapter.transposed,
        "target_modules": _as_peft_names(adapter),
        "inference_mode": True,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _as_peft_names(adapter: Adapter) -> list[str]:
    """The layers as PEFT is told of them: by how they end, or whole where not all that end so are adapted."""
    is_whole = any("." in target for target in adapter.shape.targets)
    return sorted({path if is_whole else path.rsplit(".", 1)[-1] for path in adapter.weights})


def n_bytes(adapter: Adapter) -> int:
    """What an adapter takes on disk, but for some kilobytes of names."""
    tensors = [*(tensor for pair in adapter.weights.values() for tensor in pair), *adapter.magnitudes.values()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def load_peft(folder: Path) -> Adapter:
    """Read what `save_peft` wrote."""
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "adapter_model.safetensors")
    prefix, ending = "base_model.model.", ".lora_A.weight"
    paths = [name.removeprefix(prefix).removesuffix(ending) for name in tensors if name.endswith(ending)]
    shape = LoRAShape(
        rank=config["r"],
        alpha=config["lora_alpha"],
        targets=tuple(paths),
        rank_stabilized=config["use_rslora"],
        dora=config.get("use_dora", False),
    )
    weights = {path: (tensors[f"{prefix}{path}{ending}"], tensors[f"{prefix}{path}.lora_B.weight"]) for path in paths}
    magnitudes = {path: tensors[f"{prefix}{path}.lora_magnitude_vector"] for path in paths} if shape.dora else {}
    return Adapter(shape=shape, weights=weights, transposed=config["fan_in_fan_out"], magnitudes=magnitudes)


@torch.no_grad()
def merge(model: PreTrainedModel, adapter: Adapter) -> None:
    """Add an adapter into the weights of its model, in place."""
    for path, (lora_a, lora_b) in adapter.weights.items():
        layer = model.get_submodule(path)
        assert isinstance(layer, nn.Linear | Conv1D)
        device = layer.weight.device
        change = adapter.shape.scale * (lora_b.to(device) @ lora_a.to(device))  # [out, in]
        if adapter.shape.dora:
            weight = rows_of(layer).to(change.dtype)
            change = factors(adapter, path, layer)[:, None] * (weight + change) - weight
        layer.weight += (change.T if isinstance(layer, Conv1D) else change).to(layer.weight)


def factors(adapter: Adapter, path: str, layer: Linear) -> Tensor:
    """By what DoRA multiplies each output of a changed layer, [out]: then its weight's rows have their magnitudes."""
    device = layer.weight.device
    lora_a, lora_b = (part.to(device) for part in adapter.weights[path])
    changed = rows_of(layer).to(lora_a) + adapter.shape.scale * (lora_b @ lora_a)
    lengths: Tensor = changed.norm(dim=1)
    return adapter.magnitudes[path].to(device) / lengths


def rows_of(layer: Linear) -> Tensor:
    """The weight of a layer as [out, in]."""
    return layer.weight.T if isinstance(layer, Conv1D) else layer.weight
