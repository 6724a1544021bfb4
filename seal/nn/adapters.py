"""LoRA adapters: beside a model, merged into it, and on disk in PEFT's format."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from seal.nn.adaptation import Adaptation
from seal.nn.adapter_stack import AdapterStack
from seal.nn.lora_weights import LoRAShape, LoRAWeights, factors, features, rows_of, target_layers
from seal.nn.tying import untie

ADAPTER_WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapter(LoRAWeights, Adaptation):
    """One trained adapter."""

    stacks: ClassVar[bool] = True
    in_peft_format: ClassVar[bool] = True

    @classmethod
    def of(cls, weights: LoRAWeights) -> Self:
        """The adapter with these numbers."""
        return cls(
            shape=weights.shape,
            weights=weights.weights,
            transposed=weights.transposed,
            magnitudes=weights.magnitudes,
        )

    @property
    def n_bytes(self) -> int:
        """What it takes on disk, but for some kilobytes of names."""
        tensors = [*(tensor for pair in self.weights.values() for tensor in pair), *self.magnitudes.values()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    @classmethod
    def attached(cls, model: PreTrainedModel, group: Sequence[Self]) -> AbstractContextManager[None]:
        stack = AdapterStack(model, group[0].shape, count=len(group), trains=False)
        for slot, adapter in enumerate(group):
            stack.load(slot, adapter)
        return stack.attached()

    @torch.no_grad()
    def merge(self, model: PreTrainedModel) -> None:
        """A weight that a changed layer shares with another, such as a tied head, becomes the layer's own."""
        untie(model, map(model.get_submodule, self.weights))
        for path, (lora_a, lora_b) in self.weights.items():
            layer = model.get_submodule(path)
            assert isinstance(layer, nn.Linear | Conv1D)
            device = layer.weight.device
            change = self.shape.scale * (lora_b.to(device) @ lora_a.to(device))  # [out, in]
            if self.shape.dora:
                weight = rows_of(layer).to(change.dtype)
                change = factors(self, path, layer)[:, None] * (weight + change) - weight
            change = change.T if isinstance(layer, Conv1D) else change
            layer.weight.copy_(layer.weight.to(change.dtype) + change)  # rounded once, to the model's own precision

    def save(self, folder: Path, *, base_model: str) -> None:
        """Write an adapter in PEFT's format, for `peft.PeftModel.from_pretrained`. Names `base_model` as its base."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {}
        for path, (lora_a, lora_b) in self.weights.items():
            tensors[f"base_model.model.{path}.lora_A.weight"] = lora_a.cpu().contiguous()
            tensors[f"base_model.model.{path}.lora_B.weight"] = lora_b.cpu().contiguous()
        for path, magnitude in self.magnitudes.items():
            tensors[f"base_model.model.{path}.lora_magnitude_vector"] = magnitude.cpu().contiguous()
        save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        config: dict[str, Any] = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base_model,
            "r": self.shape.rank,
            "lora_alpha": self.shape.alpha,
            "lora_dropout": 0.0,
            "use_rslora": self.shape.rank_stabilized,
            "use_dora": self.shape.dora,
            "bias": "none",
            "fan_in_fan_out": self.transposed,
            "target_modules": _as_peft_names(self),
            "inference_mode": True,
        }
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / ADAPTER_WEIGHTS)
        prefix, ending = "base_model.model.", ".lora_A.weight"
        paths = [name.removeprefix(prefix).removesuffix(ending) for name in tensors if name.endswith(ending)]
        shape = LoRAShape(
            rank=config["r"],
            alpha=config["lora_alpha"],
            targets=tuple(paths),
            rank_stabilized=config["use_rslora"],
            dora=config.get("use_dora", False),
        )
        weights = {
            path: (tensors[f"{prefix}{path}{ending}"], tensors[f"{prefix}{path}.lora_B.weight"]) for path in paths
        }
        magnitudes = {path: tensors[f"{prefix}{path}.lora_magnitude_vector"] for path in paths} if shape.dora else {}
        return cls(shape=shape, weights=weights, transposed=config["fan_in_fan_out"], magnitudes=magnitudes)


def blank_adapter(model: PreTrainedModel, targets: Sequence[str]) -> Adapter:
    """An adapter of rank 1 that changes nothing, on the layers that the targets name.

    Raises:
        ModelError: a target names no layer.
    """
    layers = target_layers(model, targets)
    weights = {}
    for path, layer in layers.items():
        n_in, n_out = features(layer)
        weights[path] = (torch.zeros(1, n_in), torch.zeros(n_out, 1))
    return Adapter(
        shape=LoRAShape(rank=1, alpha=1, targets=tuple(targets)),
        weights=weights,
        transposed=any(isinstance(layer, Conv1D) for layer in layers.values()),
    )


def _as_peft_names(adapter: LoRAWeights) -> list[str]:
    """The layers as PEFT is told of them: by how they end, or whole where not all that end so are adapted."""
    endings = {path.rsplit(".", 1)[-1] for path in adapter.weights}
    is_whole = any("." in target for target in adapter.shape.targets)
    is_numbered = any(ending.isdecimal() for ending in endings)  # as the layers of a model are
    return sorted(adapter.weights if is_whole or is_numbered else endings)
