"""Batched generation on a backbone in memory. A text depends on its own seed and adapter only, not on its batch.

Letters of shapes: A adapters, Q rows an adapter, L prompt tokens, T new tokens, V vocabulary.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from seal.base.unit_progress import Reporter, SoFar
from seal.engine import Request
from seal.engine.decoding import Decoder, Row, decodes_by_rows
from seal.engine.reading import NOT_FINITE, Reader, StopWatch
from seal.engine.sampling import random_numbers
from seal.engine.whole_batches import Continued, continue_together
from seal.engine.writing import way_of_writing
from seal.errors import ModelError
from seal.nn.adaptation import attached
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone
from seal.nn.company import Company, Way
from seal.nn.rotary import forget_lengths
from seal.text import encode_text, prompt_text
from seal.thoughts import opens
from seal.types import Completion, Sampling

_LOG = logging.getLogger(__name__)


class BatchedGenerator:
    """Continues texts with one backbone."""

    def __init__(self, backbone: Backbone, *, prompts_per_batch: int = 64) -> None:
        self.backbone = backbone
        self.prompts_per_batch = prompts_per_batch
        self.reader = Reader(tokenizer=backbone.tokenizer, end_ids=backbone.end_ids)

    @torch.no_grad()
    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion]:
        """One completion a request, in order. Requests with adapters and without cannot stand in one call.

        Where the memory does not suffice, half as many are written at once; what was on its way starts anew.
        """
        written: dict[int, Completion] = {}
        while missing := [request for request in requests if id(request) not in written]:
            try:
                for request, completion in self._write([self._asked(each) for each in missing], sampling):
                    written[id(request)] = completion
            except torch.OutOfMemoryError:
                if self.prompts_per_batch == 1:
                    raise
                _LOG.warning("the memory does not suffice for %d texts at once: halved", self.prompts_per_batch)
                self.prompts_per_batch //= 2
        return [written[id(request)] for request in requests]

    def _asked(self, request: Request) -> "_Asked":
        """A request as the model reads it.

        Raises:
            ModelError: its chat template fails, or the model has no embedding for a token of it.
        """
        backbone = self.backbone
        text = prompt_text(backbone.tokenizer, request.prompt, chat=backbone.chat)
        ids = encode_text(backbone.tokenizer, text, chat=backbone.chat)
        if (last := max(ids, default=0)) >= backbone.n_embeddings:
            named = f"{last} ({backbone.tokenizer.convert_ids_to_tokens(last)!r})"
            raise ModelError(f"model.path: a prompt has token {named}, but the embedding {backbone.n_embeddings} rows")
        return _Asked(request=request, ids=ids, opened=opens(text))

    def _write(self, asked: Sequence["_Asked"], sampling: Sampling) -> Iterator[tuple[Request, Completion]]:
        """What is written to each request, as soon as it is known."""
        lengths = [len(each.ids) for each in asked]
        n_tokens = max(lengths) + sampling.max_new_tokens
        stack = all(isinstance(each.request.adapter, Adapter | None) for each in asked)
        if stack and decodes_by_rows(self.backbone, n_tokens):
            yield from self._row_by_row(asked, sampling)
            return
        way = way_of_writing(self.backbone, n_tokens, shortest=min(lengths))
        reporter = Reporter("writing", len(asked))
        n_texts = n_new = 0
        for group in _together(asked, way.company):
            for blocks in _batches(group, self.prompts_per_batch):
                rows = [each for block in blocks for each in block]
                found = self._continued(blocks, rows, sampling, way)
                for each, ids, is_finite in zip(rows, found.ids.tolist(), found.is_finite.tolist(), strict=True):
                    yield each.request, self._completion(each, ids, sampling, is_finite=is_finite)
                n_texts, n_new = n_texts + len(rows), n_new + found.ids.numel()
                reporter.update(partial(_so_far, n_texts, n_new))

    def _continued(
        self, blocks: Sequence[Sequence["_Asked"]], rows: Sequence["_Asked"], sampling: Sampling, way: Way
    ) -> Continued:
        adapters = [block[0].request.adapter for block in blocks if block[0].request.adapter is not None]
        watches = [self._watch(each, sampling) for each in rows]
        seeds = [each.request.seed for each in rows]
        if way.forgets:
            forget_lengths(self.backbone.model)
        with attached(self.backbone.model, adapters):
            return continue_together(self.backbone, [each.ids for each in rows], seeds, sampling, watches)

    def _row_by_row(self, asked: Sequence["_Asked"], sampling: Sampling) -> Iterator[tuple[Request, Completion]]:
        """Those of one adapter one after the other, the longest prompt first, so that little is padded."""
        seeds = [each.request.seed for each in asked]
        numbers = random_numbers(seeds, sampling) if sampling.temperature else None
        rows = [
            Row(
                prompt=each.ids,
                adapter=each.request.adapter if isinstance(each.request.adapter, Adapter) else None,
                numbers=None if numbers is None else numbers[place],
                watch=self._watch(each, sampling),
            )
            for place, each in enumerate(asked)
        ]
        block_of: dict[int, int] = {}
        for each in asked:
            block_of.setdefault(id(each.request.adapter), len(block_of))
        order = sorted(
            range(len(rows)), key=lambda place: (block_of[id(asked[place].request.adapter)], -len(rows[place].prompt))
        )
        Decoder(self.backbone, sampling, places=self.prompts_per_batch).decode(rows[place] for place in order)
        for each, row in zip(asked, rows, strict=True):
            yield each.request, self._completion(each, row.ids, sampling, is_finite=row.is_finite)

    def _watch(self, asked: "_Asked", sampling: Sampling) -> StopWatch:
        return StopWatch(self.reader, sampling.stops, opened=asked.opened)

    def _completion(self, asked: "_Asked", ids: Sequence[int], sampling: Sampling, *, is_finite: bool) -> Completion:
        if not is_finite:
            return Completion(text="", finished=False, failure=NOT_FINITE)
        return self.reader.completion(ids, sampling, opened=asked.opened)


def _so_far(n_texts: int, n_tokens: int) -> SoFar:
    return SoFar(steps=n_texts, tokens=n_tokens)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """A request as the model reads it."""

    request: Request
    ids: list[int]
    opened: bool
    """Whether the prompt ends within a thought."""


def _together(asked: Sequence[_Asked], company: Company) -> Iterable[Sequence[_Asked]]:
    """The requests that may stand in one batch."""
    if company is Company.PADDED:
        return [asked]
    if company is Company.ALONE:
        return [[each] for each in asked]
    by_length: dict[int, list[_Asked]] = {}
    for each in asked:
        by_length.setdefault(len(each.ids), []).append(each)
    return by_length.values()


def _batches(requests: Sequence[_Asked], size: int) -> Iterator[list[list[_Asked]]]:
    """Batches of at most `size` rows, each of blocks of equal length: a block has the requests of one adapter.

    What does not stack answers a batch of its own.
    """
    by_adapter: dict[int, list[_Asked]] = {}
    for each in requests:
        by_adapter.setdefault(id(each.request.adapter), []).append(each)
    batch: list[list[_Asked]] = []
    for of_adapter in by_adapter.values():
        for start in range(0, len(of_adapter), size):
            block = of_adapter[start : start + size]
            adapter = block[0].request.adapter
            alone = adapter is not None and not adapter.stacks
            if batch and (alone or (len(batch) + 1) * max(map(len, [*batch, block])) > size):
                yield _equally_long(batch)
                batch = []
            batch.append(block)
    yield _equally_long(batch)


def _equally_long(blocks: Sequence[list[_Asked]]) -> list[list[_Asked]]:
    """Short blocks repeat their last request."""
    longest = max(map(len, blocks))
    return [block + [block[-1]] * (longest - len(block)) for block in blocks]
