"""Keys and values of rows that come and go, with room for the tokens to come.

Letters of shapes: B rows, H heads, T tokens in the cache, D numbers a head.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

ROOM = 32
"""So many tokens are written in place before all of a row are copied to a larger place."""


class RoomyLayer(DynamicLayer):
    """Keys and values [B, H, T, D] of one layer. transformers' own copies all of them for every new token."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._places: list[Tensor] = []
        """Keys and values with room behind them."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """All keys and values, these new ones [B, H, ·, D] at their end."""
        new = (key_states, value_states)
        start = self.get_seq_length()
        end = start + key_states.shape[2]
        if not self._places or end > self._places[0].shape[2]:
            before = (self.keys, self.values) if start else (None, None)
            self._places = [_roomy(old, each, end + ROOM) for old, each in zip(before, new, strict=True)]
        for place, each in zip(self._places, new, strict=True):
            place[:, :, start:end] = each
        self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True
        self.keys, self.values = (place[:, :, :end] for place in self._places)
        return self.keys, self.values


def _roomy(old: Tensor | None, new: Tensor, length: int) -> Tensor:
    """A place [B, H, length, D] that begins with the old ones."""
    place = new.new_empty(*new.shape[:2], length, new.shape[3])
    if old is not None:
        place[:, :, : old.shape[2]] = old
    return place


def empty_cache() -> Cache:
    return Cache(layer_class_to_replicate=RoomyLayer)


def keys_and_values(cache: Cache) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of each layer, [B, H, T, D]."""
    layers = [layer for layer in cache.layers if isinstance(layer, RoomyLayer)]
    return [(layer.keys, layer.values) for layer in layers if layer.keys is not None and layer.values is not None]


def cache_of(layers: Iterable[Iterable[Tensor]]) -> Cache:
    """A cache that goes on from these keys and values."""
    cache = empty_cache()
    for number, (keys, values) in enumerate(layers):
        cache.update(keys, values, number)
    return cache


def merged(caches: Sequence[Cache], order: Sequence[int]) -> Cache:
    """The rows of these caches in one, in this order of theirs."""
    width = max(cache.get_seq_length() for cache in caches)
    return cache_of(
        (torch.cat([_widened(part, width) for part in side])[order] for side in zip(*of_layer, strict=True))
        for of_layer in zip(*map(keys_and_values, caches), strict=True)
    )


def _widened(part: Tensor, width: int) -> Tensor:
    """[B, H, ·, D] with zeros on the left, [B, H, T, D]."""
    return torch.nn.functional.pad(part, (0, 0, width - part.shape[2], 0))
