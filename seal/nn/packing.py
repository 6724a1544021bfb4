"""Sequences of many adapters in one forward pass, one behind the other and without padding where the model allows it.

A packed pass is one row of tokens, [1, T]. Everything but attention works on tokens one by one; attention is done
within segments, which are laid side by side for it: padded on the right, where causal attention never looks. For a
model that cannot be packed, the segments are the rows of the pass instead, [S, L].

Letters of shapes: A adapters, S segments, T tokens in all, L tokens of the longest segment, H heads.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from transformers import AttentionInterface, PreTrainedModel

from seal.nn.attention import attending_by

IGNORED = -100
"""The label of a token after which nothing is learned."""
_ATTENTION = "within_segments"
_OF_NO_MATTER = ("position_ids", "use_cache")
"""What attention is told besides and need not know: queries and keys are rotated already."""
_STRETCH, _SLACK = 1.5, 8
"""Segments are in one group for attention if none has more tokens than so many times the shortest and so many more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """One sequence in a forward pass; each part [n] for its n tokens."""

    ids: Tensor
    labels: Tensor
    """The token that is learned after each, or `IGNORED`."""
    positions: Tensor
    weights: Tensor
    """How much each label counts in the loss."""
    n_padding: int = 0
    """So many of the last tokens are padding that is learned but never attended to."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where the tokens of a packed row lie when segments of about one length are side by side, in groups [S, L]."""

    of_groups: Tensor
    """All groups one behind the other, flat: the token in the row at each place; where there is none, the last of the
    same segment. One of another adapter would share its infinities: 0 · ∞, on the way back, is no 0."""
    shapes: tuple[tuple[int, int], ...]
    """S and L of each group."""
    of_tokens: Tensor
    """[T]: the place of each token."""
    seen: tuple[Tensor | None, ...]
    """Of each group [S, L], whether a token may be attended to; None where all may."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pass:
    """What goes through the model at once, and what is learned from it."""

    inputs: dict[str, Any]
    labels: Tensor
    """As the logits, [1, T] or [S, L]."""
    weights: Tensor
    """As the labels."""
    owners: Tensor
    """The adapter of each token, as the labels."""
    shares: tuple[int, ...]
    """How many rows of a pass in rows, or tokens of a packed one, each adapter has; those of one stand together."""

    def losses(self, logits: Tensor) -> Tensor:
        """Logits [·, ·, V] → the weighted sum of the losses of each adapter's labels, [A]."""
        learned = self.labels != IGNORED
        chosen = logits[learned]
        dtype = torch.promote_types(chosen.dtype, torch.float32)
        each = cross_entropy(chosen.to(dtype), self.labels[learned], reduction="none") * self.weights[learned].to(dtype)
        return each.new_zeros(len(self.shares)).index_add(0, self.owners[learned], each)


def packed(batches: Sequence[Sequence[Segment]], device: torch.device) -> Pass:
    """The segments of each adapter, [A][…], in one row."""
    segments = [segment for batch in batches for segment in batch]
    ids, labels, positions, weights = (
        torch.cat([getattr(segment, part) for segment in segments])[None].to(device)
        for part in ("ids", "labels", "positions", "weights")
    )
    shares = tuple(sum(map(len, batch)) for batch in batches)
    return Pass(
        inputs={"input_ids": ids, "position_ids": positions, "segments": _places(segments, device)},
        labels=labels,
        weights=weights,
        owners=_owners(shares, device)[None],
        shares=shares,
    )


def in_rows(batches: Sequence[Sequence[Segment]], device: torch.device, *, pad_id: int) -> Pass:
    """Each segment of each adapter, [A][…], as a row, padded on the right."""
    segments = [segment for batch in batches for segment in batch]
    ids, labels, positions, weights = (
        pad_sequence([getattr(each, part) for each in segments], batch_first=True, padding_value=filler).to(device)
        for part, filler in (("ids", pad_id), ("labels", IGNORED), ("positions", 0), ("weights", 0))
    )
    inputs = {"input_ids": ids}
    if any(segment.n_padding for segment in segments):
        inputs |= {"attention_mask": _seen(segments, device).long(), "position_ids": positions}
    shares = tuple(map(len, batches))
    owners = _owners(shares, device)[:, None].expand_as(labels)
    return Pass(inputs=inputs, labels=labels, weights=weights, owners=owners, shares=shares)


def _owners(shares: Sequence[int], device: torch.device) -> Tensor:
    return torch.arange(len(shares)).repeat_interleave(torch.tensor(shares)).to(device)


def _places(segments: Sequence[Segment], device: torch.device) -> Places:
    lengths = list(map(len, segments))
    starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
    flat, there, shapes, seen = [], [], [], []
    for group in _alike(lengths):
        own = torch.tensor([lengths[number] for number in group])[:, None]  # [S, 1]
        steps = torch.arange(int(own.max()))
        flat.append((starts[group][:, None] + torch.minimum(steps, own - 1)).flatten())
        there.append((steps < own).flatten())
        shapes.append((len(group), len(steps)))
        of_group = [segments[number] for number in group]
        seen.append(_seen(of_group, device) if any(segment.n_padding for segment in of_group) else None)
    is_token = torch.cat(there)
    of_groups = torch.cat(flat)
    of_tokens = torch.empty(sum(lengths), dtype=torch.long)
    of_tokens[of_groups[is_token]] = is_token.nonzero()[:, 0]
    return Places(
        of_groups=of_groups.to(device), shapes=tuple(shapes), of_tokens=of_tokens.to(device), seen=tuple(seen)
    )


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """The numbers of the segments in groups, in each of which the longest is not much longer than the shortest.

    Attention is done group by group: it costs the square of the longest, and every group costs a start.
    """
    groups: list[list[int]] = []
    shortest = 0
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not groups or lengths[number] > _STRETCH * shortest + _SLACK:
            groups.append([])
            shortest = lengths[number]
        groups[-1].append(number)
    return groups


def _seen(segments: Sequence[Segment], device: torch.device) -> Tensor:
    rows = [torch.arange(len(segment)) < len(segment) - segment.n_padding for segment in segments]
    return pad_sequence(rows, batch_first=True).to(device)  # [S, L]


def attending_within_segments(model: PreTrainedModel) -> AbstractContextManager[None]:
    """While open, the model takes packed passes: calls of it need the argument `segments`."""
    return attending_by(model, _ATTENTION)


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: object = None,
    *,
    segments: Places,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **further: object,
) -> tuple[Tensor, None]:
    """Queries [1, H, T, D], keys and values [1, ·, T, D] → [1, T, H, D].

    Raises:
        TypeError: the model asks for more, for example a mask of its own, a soft cap, sinks or a bias.
    """
    unknown = [name for name, value in {"attention_mask": attention_mask, **further}.items() if _asks(name, value)]
    if unknown:
        raise TypeError(f"{type(module).__name__} asks attention within segments for {', '.join(unknown)}")
    sizes = [n_segments * length for n_segments, length in segments.shapes]
    queries, keys, values = (
        whole[0].index_select(1, segments.of_groups).split(sizes, dim=1) for whole in (query, key, value)
    )  # for each group [·, S·L, D]
    groups = zip(queries, keys, values, segments.shapes, segments.seen, strict=True)
    attended = [_attend_in_group(*group, window=sliding_window, scaling=scaling) for group in groups]
    return torch.cat(attended).index_select(0, segments.of_tokens)[None], None


def _asks(name: str, value: object) -> bool:
    """Whether an argument changes attention: None, False and a dropout of 0 ask for nothing."""
    return name not in _OF_NO_MATTER and (isinstance(value, Tensor) or bool(value))


def _attend_in_group(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    shape: tuple[int, int],
    seen: Tensor | None,
    *,
    window: int | None,
    scaling: float | None,
) -> Tensor:
    """Queries [H, S·L, D], keys and values [·, S·L, D] → [S·L, H, D]."""
    mask = _mask(shape[1], seen, window, query.device)
    queries, keys, values = (flat.unflatten(1, shape).transpose(0, 1) for flat in (query, key, value))  # [S, ·, L, D]
    attended = scaled_dot_product_attention(
        queries,
        keys,
        values,
        attn_mask=mask,
        is_causal=mask is None,
        scale=scaling,
        enable_gqa=query.shape[0] != key.shape[0],
    )  # [S, H, L, D]
    return attended.transpose(1, 2).flatten(0, 1)


def _mask(length: int, seen: Tensor | None, window: int | None, device: torch.device) -> Tensor | None:
    """[S, 1, L, L], True where a token may look; None where all that is before it may be seen."""
    if seen is None and (window is None or window >= length):
        return None
    steps = torch.arange(length, device=device)
    back = steps[:, None] - steps
    near = (back >= 0) & (back < (window or length))
    return near if seen is None else (near & seen[:, None, None, :])


AttentionInterface.register(_ATTENTION, _attend)  # without a mask function: transformers then makes no mask
