"""Many adapters on one frozen model at the same time: each block of what goes through it goes through its own.

Adapters on one base are independent, so stacking A of them changes no arithmetic, and nothing mixes.

Letters of shapes: A adapters, B rows, T tokens, R rank, P numbers an adapter, M tokens of the largest block.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from seal.nn.lora_weights import LoRAShape, LoRAWeights, factors, features, target_layers
from seal.nn.plain_layers import Linear

# Gradients are accumulated into strided views on purpose: that keeps each adapter's in one row.
warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")


class StackedLoRALinear(nn.Module):
    """A frozen linear layer with A adapters beside it."""

    def __init__(
        self, base: Linear, lora_a: Tensor, lora_b: Tensor, factors: Tensor | None, stack: "AdapterStack"
    ) -> None:
        super().__init__()
        self.base = base
        self.lora_a = lora_a  # [A, R, in], a view into the stack's buffer, not a parameter of this module
        self.lora_b = lora_b  # [A, out, R]
        self.factors = factors  # [A, out], of DoRA alone
        self.stack = stack

    @property
    def weight(self) -> Tensor:
        """For models that ask a layer for its precision."""
        return self.base.weight

    @property
    def bias(self) -> Tensor | None:
        return self.base.bias

    def forward(self, hidden: Tensor) -> Tensor:
        """[B, T, in] → [B, T, out]."""
        output: Tensor = self.base(hidden)
        tokens = hidden.flatten(0, -2).to(self.lora_a.dtype)  # [B·T, in]
        counts = self.stack.counts(len(tokens))
        if self.stack.dropout:
            tokens = self.stack.dropout.of(tokens, counts)
        if len(set(counts)) == 1:
            update = self._of_equal_blocks(tokens)
        elif tokens.device.type == "cpu" and torch.is_grad_enabled():
            update = self.of_blocks(tokens, counts)
        else:
            update = self.of_padded_blocks(tokens, counts)
        update = (update * self.stack.shape.scale).reshape(output.shape)
        if self.factors is not None:
            update = self._magnified(output, update, self.factors, counts)
        return output + update.to(output.dtype)

    def _magnified(self, output: Tensor, update: Tensor, factors: Tensor, counts: Sequence[int]) -> Tensor:
        """What DoRA adds to the layer's output instead of the update: both are multiplied, the bias is not."""
        each = factors.repeat_interleave(torch.tensor(counts, device=factors.device), dim=0, output_size=sum(counts))
        each = each.reshape(output.shape)
        straight = output if self.base.bias is None else output - self.base.bias
        return (each - 1) * straight + each * update

    def _of_equal_blocks(self, tokens: Tensor) -> Tensor:
        down = torch.bmm(tokens.unflatten(0, (len(self.lora_a), -1)), self.lora_a.transpose(1, 2))  # [A, ·, R]
        return torch.bmm(down, self.lora_b.transpose(1, 2)).flatten(0, 1)  # [B·T, out]

    def of_blocks(self, tokens: Tensor, counts: Sequence[int]) -> Tensor:
        """One block after the other: nothing is computed for nothing."""
        blocks = zip(tokens.split(list(counts)), self.lora_a.unbind(), self.lora_b.unbind(), strict=True)
        return torch.cat([block @ lora_a.T @ lora_b.T for block, lora_a, lora_b in blocks])  # [B·T, out]

    def of_padded_blocks(self, tokens: Tensor, counts: Sequence[int]) -> Tensor:
        """The same in two products, for devices that take long to start one, and where blocks are small."""
        lora_a, lora_b = self.lora_a, self.lora_b
        if not all(counts):  # a block without tokens has none of its own to be padded with
            busy = [number for number, count in enumerate(counts) if count]
            lora_a, lora_b, counts = lora_a[busy], lora_b[busy], [counts[number] for number in busy]
        places, back = self.stack.padded_places(tuple(counts))
        down = torch.bmm(tokens[places], lora_a.transpose(1, 2))  # [A, M, R], M tokens of the largest block
        return torch.bmm(down, lora_b.transpose(1, 2)).flatten(0, 1)[back]  # [B·T, out]


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
    """A adapters for one model, their weights in one buffer [A, P] and, if it `trains`, their gradients in another.

    Outside `attached()` the model is untouched. Adapters of DoRA can be loaded, but not trained here.
    """

    def __init__(self, model: PreTrainedModel, shape: LoRAShape, count: int, *, trains: bool = True) -> None:
        self.model = model
        self.shape = shape
        self.shares: Sequence[int] = (1,) * count
        """How much of what goes through the model belongs to each adapter; in any unit, tokens or rows."""
        self.dropout: Dropout | None = None
        self._padded: tuple[tuple[int, ...], Tensor, Tensor] | None = None
        self.layers = target_layers(model, shape.targets)
        assert not (shape.dora and trains)
        some = next(iter(self.layers.values())).weight
        dtype = torch.promote_types(some.dtype, torch.float32)
        sizes = [shape.rank * sum(features(layer)) for layer in self.layers.values()]
        self.values = torch.zeros(count, sum(sizes), dtype=dtype, device=some.device)
        self.gradients = torch.zeros_like(self.values if trains else self.values[:0])
        offsets = [sum(sizes[:number]) for number in range(len(sizes))]
        self._leaves = {
            path: self._pair(layer, offset) for (path, layer), offset in zip(self.layers.items(), offsets, strict=True)
        }

        self._factors = {
            path: torch.ones(count, features(layer)[1], dtype=dtype, device=some.device)
            for path, layer in self.layers.items()
            if shape.dora
        }

    def _pair(self, layer: Linear, offset: int) -> tuple[Tensor, Tensor]:
        """Leaf tensors A [A, R, in] and B [A, out, R] that share memory with the buffers, gradients too."""
        rank, (n_in, n_out) = self.shape.rank, features(layer)
        middle = offset + rank * n_in
        end = middle + rank * n_out
        pair = []
        for start, stop, rows in ((offset, middle, rank), (middle, end, n_out)):
            leaf = self.values[:, start:stop].unflatten(1, (rows, -1)).detach()
            if len(self.gradients):
                leaf.requires_grad_().grad = self.gradients[:, start:stop].unflatten(1, (rows, -1))
            pair.append(leaf)
        return pair[0], pair[1]

    @contextmanager
    def attached(self) -> Iterator[None]:
        """While open, what goes through the model goes through the adapters too: block a through adapter a."""
        for path, layer in self.layers.items():
            lora_a, lora_b = self._leaves[path]
            self._replace(path, StackedLoRALinear(layer, lora_a, lora_b, self._factors.get(path), self))
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

    def padded_places(self, counts: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Where in the row each place of the padded blocks is [A, M], and where in those each token is [T].

        Every block has a token: what a block is padded with is its own.
        """
        if self._padded is None or self._padded[0] != counts:
            lengths = torch.tensor(counts)
            starts, steps = lengths.cumsum(0) - lengths, torch.arange(max(counts))
            there = steps < lengths[:, None]  # [A, M]
            own = torch.minimum(steps, lengths[:, None] - 1)  # no place holds a token of another adapter
            places, device = starts[:, None] + own, self.values.device
            self._padded = (counts, places.to(device), there.flatten().nonzero()[:, 0].to(device))
        return self._padded[1:]

    @torch.no_grad()
    def initialize(self, slot: int, generator: torch.Generator) -> None:
        """Start an adapter as PEFT does: A uniform as Kaiming He has it, B zero. The generator lives on the CPU."""
        for lora_a, lora_b in self._leaves.values():
            start = torch.empty(lora_a.shape[1:], dtype=lora_a.dtype)
            nn.init.kaiming_uniform_(start, a=math.sqrt(5), generator=generator)
            lora_a[slot] = start.to(lora_a.device)
            lora_b[slot] = 0

    def clear(self, slot: int) -> None:
        """Take an adapter out: what is left of one that broke must not go through the model again."""
        self.values[slot] = 0

    @torch.no_grad()
    def load(self, slot: int, adapter: LoRAWeights) -> None:
        for path, (lora_a, lora_b) in adapter.weights.items():
            self._leaves[path][0][slot] = lora_a
            self._leaves[path][1][slot] = lora_b
            if self.shape.dora:
                self._factors[path][slot] = factors(adapter, path, self.layers[path])

    def copy_of(self, slot: int) -> LoRAWeights:
        """A copy of one adapter in main memory, so that those that wait for their questions take none of a GPU's."""
        weights = {
            path: (lora_a[slot].detach().to("cpu", copy=True), lora_b[slot].detach().to("cpu", copy=True))
            for path, (lora_a, lora_b) in self._leaves.items()
        }
        transposed = any(isinstance(layer, Conv1D) for layer in self.layers.values())
        return LoRAWeights(shape=self.shape, weights=weights, transposed=transposed)
