"""LoRA adapters: as values, side by side on one frozen model, and on disk in PEFT's format.

Adapters on one base are independent, so stacking A of them changes no arithmetic: the rows of a batch stand in A equal
blocks, block a goes through adapter a, and nothing mixes. This module knows layers; it has never heard of self-edits.

Letters of shapes: A adapters, B rows an adapter, T tokens, R rank.
"""

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from seal.errors import ModelError
from seal.types import ALL_LINEAR

# Gradients are accumulated into strided views on purpose: that keeps each adapter's in one row.
warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoRAShape:
    """What adapters must share to be stacked."""

    rank: int
    alpha: float
    targets: tuple[str, ...]
    """Names of linear layers as they end, for example `q_proj`; or `all-linear`."""
    rank_stabilized: bool = False
    """Whether the output is scaled by alpha / √rank (rsLoRA, arXiv 2312.03732) instead of alpha / rank."""

    @property
    def scale(self) -> float:
        return self.alpha / (self.rank**0.5 if self.rank_stabilized else self.rank)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapter:
    """One trained adapter: per adapted layer, A [R, in] and B [out, R]."""

    shape: LoRAShape
    weights: dict[str, tuple[Tensor, Tensor]]
    """By the layer's path in the model."""
    transposed: bool
    """Whether the model's layers keep their weights as [in, out], which PEFT has to be told."""


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


class StackedLoRALinear(nn.Module):
    """A frozen linear layer with A adapters beside it."""

    def __init__(self, base: Linear, lora_a: Tensor, lora_b: Tensor, stack: "AdapterStack") -> None:
        super().__init__()
        self.base = base
        self.lora_a = lora_a  # [A, R, in], a view into the stack's buffer, not a parameter of this module
        self.lora_b = lora_b  # [A, out, R]
        self.stack = stack

    def forward(self, hidden: Tensor) -> Tensor:
        """[B, T, in] → [B, T, out]."""
        output: Tensor = self.base(hidden)
        tokens = hidden.flatten(0, -2).to(self.lora_a.dtype)  # [B·T, in]
        counts = self.stack.counts(len(tokens))
        if self.stack.dropout:
            tokens = self.stack.dropout.of(tokens, counts)
        alike = len(set(counts)) == 1
        update = self._of_equal_blocks(tokens) if alike else self._of_blocks(tokens, counts)
        return output + (update * self.stack.shape.scale).reshape(output.shape).to(output.dtype)

    def _of_equal_blocks(self, tokens: Tensor) -> Tensor:
        down = torch.bmm(tokens.unflatten(0, (len(self.lora_a), -1)), self.lora_a.transpose(1, 2))  # [A, ·, R]
        return torch.bmm(down, self.lora_b.transpose(1, 2)).flatten(0, 1)  # [B·T, out]

    def _of_blocks(self, tokens: Tensor, counts: Sequence[int]) -> Tensor:
        blocks = zip(tokens.split(list(counts)), self.lora_a.unbind(), self.lora_b.unbind(), strict=True)
        return torch.cat([block @ lora_a.T @ lora_b.T for block, lora_a, lora_b in blocks])  # [B·T, out]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dropout:
    """What goes into the adapters is dropped with a generator of its own for each, so that none notices the others."""

    share: float
    generators: list[torch.Generator]
    """[A], on the CPU or on the model's device."""

    def of(self, tokens: Tensor, counts: Sequence[int]) -> Tensor:
        """Tokens [B·T, in] of the adapters, so many of each, with some numbers 0 and the others larger for it."""
        kept = [
            torch.empty(count, tokens.shape[1], device=generator.device).bernoulli_(1 - self.share, generator=generator)
            for count, generator in zip(counts, self.generators, strict=True)
        ]
        return tokens * torch.cat(kept).to(tokens) / (1 - self.share)


class AdapterStack:
    """A adapters for one model, their weights in one buffer [A, P] and their gradients in another.

    Outside `attached()` the model is untouched.
    """

    def __init__(self, model: PreTrainedModel, shape: LoRAShape, count: int) -> None:
        self.model = model
        self.shape = shape
        self.shares: Sequence[int] = (1,) * count
        """How much of what goes through the model belongs to each adapter; in any unit, tokens or rows."""
        self.dropout: Dropout | None = None
        self.layers = target_layers(model, shape.targets)
        some = next(iter(self.layers.values())).weight
        dtype = torch.promote_types(some.dtype, torch.float32)
        sizes = [shape.rank * sum(features(layer)) for layer in self.layers.values()]
        self.values = torch.zeros(count, sum(sizes), dtype=dtype, device=some.device)
        self.gradients = torch.zeros_like(self.values)
        offsets = [sum(sizes[:number]) for number in range(len(sizes))]
        self._leaves = {
            path: self._pair(layer, offset) for (path, layer), offset in zip(self.layers.items(), offsets, strict=True)
        }

    def _pair(self, layer: Linear, offset: int) -> tuple[Tensor, Tensor]:
        """Leaf tensors A [A, R, in] and B [A, out, R] that share memory with the buffers, gradients too."""
        rank, (n_in, n_out) = self.shape.rank, features(layer)
        middle = offset + rank * n_in
        end = middle + rank * n_out
        pair = []
        for start, stop, rows in ((offset, middle, rank), (middle, end, n_out)):
            leaf = self.values[:, start:stop].unflatten(1, (rows, -1)).detach().requires_grad_()
            leaf.grad = self.gradients[:, start:stop].unflatten(1, (rows, -1))
            pair.append(leaf)
        return pair[0], pair[1]

    @contextmanager
    def attached(self) -> Iterator[None]:
        """While open, what goes through the model goes through the adapters too: block a through adapter a."""
        for path, layer in self.layers.items():
            lora_a, lora_b = self._leaves[path]
            self._replace(path, StackedLoRALinear(layer, lora_a, lora_b, self))
        try:
            yield
        finally:
            for path, layer in self.layers.items():
                self._replace(path, layer)

    def _replace(self, path: str, layer: nn.Module) -> None:
        parent, _, name = path.rpartition(".")
        setattr(self.model.get_submodule(parent), name, layer)

    def counts(self, n_tokens: int) -> list[int]:
        """How many of so many tokens belong to each adapter."""
        unit = n_tokens // sum(self.shares)
        return [share * unit for share in self.shares]

    @torch.no_grad()
    def initialize(self, slot: int, generator: torch.Generator) -> None:
        """Start an adapter as PEFT does: A uniform as Kaiming He has it, B zero. The generator lives on the CPU."""
        for lora_a, lora_b in self._leaves.values():
            start = torch.empty(lora_a.shape[1:], dtype=lora_a.dtype)
            nn.init.kaiming_uniform_(start, a=math.sqrt(5), generator=generator)
            lora_a[slot] = start.to(lora_a.device)
            lora_b[slot] = 0

    @torch.no_grad()
    def load(self, slot: int, adapter: Adapter) -> None:
        for path, (lora_a, lora_b) in adapter.weights.items():
            self._leaves[path][0][slot] = lora_a
            self._leaves[path][1][slot] = lora_b

    def adapter(self, slot: int) -> Adapter:
        """A copy of one adapter, independent of the stack."""
        weights = {
            path: (lora_a[slot].detach().clone(), lora_b[slot].detach().clone())
            for path, (lora_a, lora_b) in self._leaves.items()
        }
        transposed = any(isinstance(layer, Conv1D) for layer in self.layers.values())
        return Adapter(shape=self.shape, weights=weights, transposed=transposed)


def save_peft(adapter: Adapter, folder: Path, *, base_model: str) -> None:
    """Write an adapter in PEFT's format, for `peft.PeftModel.from_pretrained`. Names `base_model` as its base."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for path, (lora_a, lora_b) in adapter.weights.items():
        tensors[f"base_model.model.{path}.lora_A.weight"] = lora_a.cpu().contiguous()
        tensors[f"base_model.model.{path}.lora_B.weight"] = lora_b.cpu().contiguous()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_model,
        "r": adapter.shape.rank,
        "lora_alpha": adapter.shape.alpha,
        "lora_dropout": 0.0,
        "use_rslora": adapter.shape.rank_stabilized,
        "bias": "none",
        "fan_in_fan_out": adapter.transposed,
        "target_modules": sorted({path.rsplit(".", 1)[-1] for path in adapter.weights}),
        "inference_mode": True,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def load_peft(folder: Path) -> Adapter:
    """Read what `save_peft` wrote."""
    config = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(folder / "adapter_model.safetensors")
    prefix, ending = "base_model.model.", ".lora_A.weight"
    paths = [name.removeprefix(prefix).removesuffix(ending) for name in tensors if name.endswith(ending)]
    shape = LoRAShape(
        rank=config["r"], alpha=config["lora_alpha"], targets=tuple(paths), rank_stabilized=config["use_rslora"]
    )
    weights = {path: (tensors[f"{prefix}{path}{ending}"], tensors[f"{prefix}{path}.lora_B.weight"]) for path in paths}
    return Adapter(shape=shape, weights=weights, transposed=config["fan_in_fan_out"])


@torch.no_grad()
def merge(model: PreTrainedModel, adapter: Adapter) -> None:
    """Add an adapter into the weights of its model, in place."""
    for path, (lora_a, lora_b) in adapter.weights.items():
        layer = model.get_submodule(path)
        assert isinstance(layer, nn.Linear | Conv1D)
        change = adapter.shape.scale * (lora_b @ lora_a)  # [out, in]
        layer.weight += (change.T if isinstance(layer, Conv1D) else change).to(layer.weight)
