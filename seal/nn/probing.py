"""Whether a model's numbers for a text depend on its company: tried with rows of unequal lengths, in float32.

Nothing says of a model whether it may be padded, packed or asked in batches, so each way of going through it together
is held against going alone, on rows as long as those to come: sliding windows, chunks, sparse attention and rotary
scaling begin to act at some length only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from seal.nn.float32 import computing_in_float32

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone

Rows = Sequence[Tensor]
"""Token ids [T] of several texts."""
Compared = tuple[Sequence[Tensor], Sequence[Tensor]]
"""Numbers of each row [T, ·] in company, and alone."""

_TOLERANCE = 1e-4
"""Of the largest number. Other shapes round otherwise: by 2e-6 at most in 150 small architectures, where what depended
on its company was off by 7e-3 at least."""
_STRAY, _EDGE = 1 / 64, 4
"""Share of a row's tokens that may be off: a router takes another expert at a near tie. Never the first or last few."""
_DRAWS = 2
"""A near tie at the end of a row does not come twice."""
_SHORTEST = 32
_LIMITS = {
    *("max_position_embeddings", "original_max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"),
    *("max_sequence_length", "model_max_length", "context_length", "max_target_positions", "seq_length"),
}
"""What configurations call a length from which on a model is another one, or none."""
CANNOT = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, NotImplementedError)
"""What a model raises that does not take its texts in some way."""


def alike(
    backbone: "Backbone",
    fact: str,
    n_tokens: int,
    compare: Callable[[int, int], Compared],
    *,
    if_it_cannot: bool = False,
) -> bool:
    """Whether what is compared agrees for rows of about so many tokens. `compare` is given how many, and a seed."""
    n_tokens = probed_length(backbone.model.config.to_dict(), n_tokens)

    def find_out() -> bool | None:
        try:
            return _tried(backbone.model, n_tokens, compare)
        except CANNOT:
            return if_it_cannot

    return backbone.probes.holds(f"{fact}, up to {n_tokens} tokens", find_out)


def _tried(model: PreTrainedModel, n_tokens: int, compare: Callable[[int, int], Compared]) -> bool | None:
    """None where the memory does not suffice."""
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.no_grad(), torch.random.fork_rng(devices=devices), _exactly(model), computing_in_float32(model):
        try:
            return any(agree(*compare(n_tokens, seed)) for seed in range(_DRAWS))
        except torch.OutOfMemoryError:
            return None


def probed_length(config: Mapping[str, Any], n_tokens: int) -> int:
    """A round number of tokens that is not smaller, and not beyond a limit of the model that is not reached anyway."""
    limits = list(_limits(config))
    if limits and not any(name.startswith("rope_") for name in config):
        n_tokens = min(n_tokens, max(limits))  # a table of positions ends there
    doubled = max(_SHORTEST, 1 << (n_tokens - 1).bit_length())
    return min([doubled, *(limit for limit in limits if limit >= n_tokens)])


def _limits(config: Mapping[str, Any]) -> Iterator[int]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _limits(value)
        elif name in _LIMITS and isinstance(value, int):
            yield value


def unequal(backbone: "Backbone", n_tokens: int, seed: int) -> Rows:
    """Three rows: the longest, one of three quarters of it, and a very short one."""
    return rows(backbone, (n_tokens, max(2, 3 * n_tokens // 4 - 1), 5), seed)


def rows(backbone: "Backbone", lengths: Sequence[int], seed: int) -> Rows:
    """Random texts without tokens that mean something special."""
    generator = torch.Generator().manual_seed(seed)
    tokenizer = backbone.tokenizer
    special = {*tokenizer.all_special_ids, *backbone.end_ids, backbone.pad_id}
    plain = torch.tensor([token for token in range(min(len(tokenizer), backbone.n_embeddings)) if token not in special])
    return [plain[torch.randint(len(plain), (length,), generator=generator)] for length in lengths]


def states(model: PreTrainedModel, *, use_cache: bool = False, **inputs: Any) -> Tensor:
    """What goes into the output head [B, T, D], which takes less room than the logits; of a model without one those."""
    found: list[Tensor] = []

    def keep(_: object, taken: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        found.append(taken[0])
        return (taken[0][..., -1:, :], *taken[1:])

    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(keep) if head is not None else None
    try:
        logits: Tensor = model(**inputs, use_cache=use_cache).logits
    finally:
        if hook:
            hook.remove()
    return found[0] if found else logits


def agree(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    """Whether rows of numbers are the same but for rounding."""
    finite = [row[row.isfinite()] for row in expected]
    scale = max(float(row.abs().max()) if row.numel() else 0.0 for row in finite)
    return all(_agrees(one, other, _TOLERANCE * scale) for one, other in zip(found, expected, strict=True))


def _agrees(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    """[T, ·] each. Of numbers that are not finite nothing can be said."""
    far = ~((found.float() - expected.float()).abs() <= tolerance) & expected.isfinite()
    off = far.flatten(1).any(dim=1)  # [T]
    return not (off[:_EDGE].any() or off[-_EDGE:].any()) and float(off.float().mean()) <= _STRAY


@contextmanager
def _exactly(model: PreTrainedModel) -> Iterator[None]:
    """While open, attention is that of torch where the chosen kernel knows 16 bits only."""
    chosen = model.config._attn_implementation
    flash = "flash" in str(chosen)
    if flash:
        model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        if flash:
            model.set_attn_implementation(chosen)
