"""Decoding that does not wait for the longest text: rows that are done leave, and waiting ones take their places.

Letters of shapes: B rows, L prompt tokens, T tokens in the cache, H heads, V vocabulary.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

from seal.base.unit_progress import Reporter, SoFar
from seal.engine.grouped_attention import attending_in_groups
from seal.engine.reading import StopWatch
from seal.engine.row_cache import cache_of, empty_cache, keys_and_values, merged
from seal.engine.sampling import are_finite, drawn_tokens
from seal.nn.adapter_stack import AdapterStack
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone
from seal.nn.probing import Compared, alike, states, unequal
from seal.nn.reading import alone, check_reading
from seal.types import Sampling

JOIN_SHARE = 0.25
"""Waiting texts join when so many of the places are free: each joining is a pass of its own."""


@dataclass(slots=True, kw_only=True, eq=False)
class Row:
    """A text on its way."""

    prompt: list[int]
    adapter: Adapter | None
    numbers: Tensor | None
    """Random numbers, one a token; None for the most likely token."""
    ids: list[int] = field(default_factory=list)
    """What is written so far, the end token included."""
    watch: StopWatch | None = None
    """Tells where a stop string ends it."""
    is_finite: bool = True
    """False once its logits were not: the text ends there, and is none."""


def decodes_by_rows(backbone: Backbone, n_tokens: int) -> bool:
    """Whether rows of at most so many tokens can come and go: what is kept of each is its keys and values, all of them,
    by position, and no row notices the others."""
    layers = DynamicCache(config=backbone.model.config).layers
    if not all(type(layer) is DynamicLayer for layer in layers) or check_reading(backbone, n_tokens):
        return False
    return alike(backbone, "comes and goes", n_tokens, partial(_coming_and_going, backbone))


def _coming_and_going(backbone: Backbone, n_tokens: int, seed: int) -> Compared:
    """Rows that are read without their last two tokens, then these, one after the other."""
    rows = unequal(backbone, n_tokens, seed)
    lengths, cache = torch.tensor([len(row) - 2 for row in rows]), empty_cache()
    inputs = inputs_of(_left_padded([row[:-2].tolist() for row in rows], backbone.pad_id), lengths, cache)
    read = states(backbone.model, use_cache=True, **_on(backbone, inputs))
    steps = []
    for back in (2, 1):
        lengths += 1
        inputs = inputs_of(torch.stack([row[-back] for row in rows])[:, None], lengths, cache)
        steps.append(states(backbone.model, use_cache=True, logits_to_keep=1, **_on(backbone, inputs)))
    found = torch.cat([read, *steps], dim=1)
    return [whole[-len(row) :] for whole, row in zip(found, rows, strict=True)], [alone(backbone, row) for row in rows]


def inputs_of(ids: Tensor, lengths: Tensor, cache: Cache) -> dict[str, Any]:
    """Of a pass of ids [B, T] behind what is in the cache, `lengths` [B] real tokens each with these; on the CPU."""
    width = cache.get_seq_length() + ids.shape[1]
    columns = torch.arange(width) - (width - lengths[:, None])  # [B, T]: positions, negative in the padding
    return {
        "input_ids": ids,
        "attention_mask": (columns >= 0).long(),
        "position_ids": columns[:, -ids.shape[1] :].clamp(min=0),
        "past_key_values": cache,
    }


def _on(backbone: Backbone, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs on the model's device."""
    return {name: each.to(backbone.device) if isinstance(each, Tensor) else each for name, each in inputs.items()}


def _left_padded(prompts: Sequence[Sequence[int]], pad_id: int) -> Tensor:
    """[B, L]."""
    ids = torch.full((len(prompts), max(map(len, prompts))), pad_id)
    for number, prompt in enumerate(prompts):
        ids[number, ids.shape[1] - len(prompt) :] = torch.tensor(prompt)
    return ids


class Decoder:
    """Continues rows, at most `places` at a time."""

    def __init__(self, backbone: Backbone, sampling: Sampling, *, places: int) -> None:
        self.backbone = backbone
        self.sampling = sampling
        self.places = places
        self.rows: list[Row] = []
        self.cache = empty_cache()  # of each layer keys and values [B, H, T, ·]; real ones on the right
        self.lengths = torch.zeros(0, dtype=torch.long)
        """[B]: how many tokens of each row are in the cache."""
        self.adapters: list[Adapter] = []
        self.stack: AdapterStack | None = None
        self.attached = ExitStack()

    @torch.no_grad()
    def decode(self, rows: Iterable[Row]) -> None:
        """Write every row to its end."""
        rows = [*rows]
        waiting = deque(rows)
        reporter = Reporter("writing", len(rows))
        with attending_in_groups(self.backbone.model), self.attached:
            while waiting or self.rows:
                n_free = self.places - len(self.rows)
                if waiting and (not self.rows or n_free >= JOIN_SHARE * self.places):
                    self._join([waiting.popleft() for _ in range(min(n_free, len(waiting)))])
                else:
                    self._go_on()
                self._let_go()
                reporter.update(lambda: self._so_far(rows, n_left=len(waiting) + len(self.rows)))

    def _so_far(self, rows: Sequence[Row], *, n_left: int) -> SoFar:
        """Texts that are finished, and tokens of all texts."""
        return SoFar(steps=len(rows) - n_left, tokens=sum(len(row.ids) for row in rows))

    def _join(self, rows: Sequence[Row]) -> None:
        """Read the prompts of new rows, write their first tokens, and put them beside the others."""
        self._attach([row.adapter for row in (*self.rows, *rows) if row.adapter is not None])
        new = sorted(rows, key=self._block)
        cache = empty_cache()
        lengths = torch.tensor([len(row.prompt) for row in new])
        ids = _left_padded([row.prompt for row in new], self.backbone.pad_id)
        self._write(new, self._pass(new, ids, lengths, cache))
        self._merge(new, cache, lengths)

    def _go_on(self) -> None:
        """Write one more token of each row."""
        ids = torch.tensor([row.ids[-1:] for row in self.rows])  # [B, 1]
        self.lengths += 1
        self._write(self.rows, self._pass(self.rows, ids, self.lengths, self.cache))

    def _pass(self, rows: Sequence[Row], ids: Tensor, lengths: Tensor, cache: Cache) -> Tensor:
        """The scores of the next tokens [B, V], with `lengths` real tokens each, these ids among them."""
        if self.stack:
            self.stack.shares = [sum(row.adapter is adapter for row in rows) for adapter in self.adapters]
        inputs = _on(self.backbone, inputs_of(ids, lengths, cache))
        output = self.backbone.model(**inputs, use_cache=True, logits_to_keep=1)
        scores: Tensor = output.logits[:, -1]
        return scores.float()

    def _write(self, rows: Sequence[Row], scores: Tensor) -> None:
        numbers = [row.numbers[len(row.ids)] for row in rows if row.numbers is not None]
        tokens = drawn_tokens(scores, torch.stack(numbers), self.sampling) if numbers else scores.argmax(dim=-1)
        for row, token, is_finite in zip(rows, tokens.tolist(), are_finite(scores).tolist(), strict=True):
            row.ids.append(token)
            row.is_finite = is_finite

    def _merge(self, new: Sequence[Row], cache: Cache, lengths: Tensor) -> None:
        """The new rows stand among the others, those of one adapter together."""
        rows = [*self.rows, *new]
        order = sorted(range(len(rows)), key=lambda number: self._block(rows[number]))
        self.cache = merged((self.cache, cache) if self.rows else (cache,), order)
        self.lengths = torch.cat([self.lengths, lengths])[order]
        self.rows = [rows[number] for number in order]

    def _let_go(self) -> None:
        """Rows that are done leave, and with them the columns that only they needed."""
        done = self._done()
        if not any(done):
            return
        kept = [number for number, is_done in enumerate(done) if not is_done]
        self.rows = [self.rows[number] for number in kept]
        self.lengths = self.lengths[kept]
        surplus = self.cache.get_seq_length() - int(self.lengths.max()) if kept else 0
        layers = keys_and_values(self.cache) if kept else []
        self.cache = cache_of((part[kept, :, surplus:] for part in of_layer) for of_layer in layers)

    def _done(self) -> list[bool]:
        """For each row whether it has ended or broken, is as long as it may be, or has come to a stop string."""
        return [
            not row.is_finite
            or row.ids[-1] in self.backbone.end_ids
            or len(row.ids) == self.sampling.max_new_tokens
            or (row.watch is not None and row.watch.is_over(row.ids))
            for row in self.rows
        ]

    def _attach(self, adapters: Sequence[Adapter]) -> None:
        """Put these adapters beside the model, in the order in which they come."""
        distinct = list({id(adapter): adapter for adapter in adapters}.values())
        if [id(adapter) for adapter in distinct] == [id(adapter) for adapter in self.adapters]:
            return
        self.attached.close()
        self.adapters = distinct
        self.stack = AdapterStack(self.backbone.model, distinct[0].shape, len(distinct), trains=False)
        for slot, adapter in enumerate(distinct):
            self.stack.load(slot, adapter)
        self.attached.enter_context(self.stack.attached())

    def _block(self, row: Row) -> int:
        return next((number for number, adapter in enumerate(self.adapters) if adapter is row.adapter), 0)
