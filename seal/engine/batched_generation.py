"""Batched generation on a backbone in memory. A text depends on its own seed and adapter only, not on its batch.

Letters of shapes: A adapters, Q rows an adapter, L prompt tokens, T new tokens, V vocabulary.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import partial

import torch

from seal.base.unit_progress import Reporter
from seal.engine import Request
from seal.engine.decoding import Decoder, Row, decodes_by_rows
from seal.engine.sampling import random_numbers
from seal.engine.stopping import completion
from seal.engine.whole_batches import continue_together
from seal.nn.adaptation import attached
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone
from seal.text import encode_prompt
from seal.types import Completion, Sampling

_LOG = logging.getLogger(__name__)


class BatchedGenerator:
    """Continues texts with one backbone."""

    def __init__(self, backbone: Backbone, *, prompts_per_batch: int = 64) -> None:
        self.backbone = backbone
        self.prompts_per_batch = prompts_per_batch
        self.by_rows = decodes_by_rows(backbone.model)

    @torch.no_grad()
    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion]:
        """One completion a request, in order. Requests with adapters and without cannot stand in one call.

        Where the memory does not suffice, half as many are written at once; what was on its way starts anew.
        """
        written: dict[int, Sequence[int]] = {}
        while missing := [request for request in requests if id(request) not in written]:
            try:
                for request, ids in self._write(missing, sampling):
                    written[id(request)] = ids
            except torch.OutOfMemoryError:
                if self.prompts_per_batch == 1:
                    raise
                _LOG.warning("the memory does not suffice for %d texts at once: halved", self.prompts_per_batch)
                self.prompts_per_batch //= 2
        tokenizer, end_ids = self.backbone.tokenizer, self.backbone.end_ids
        return [
            completion(tokenizer, written[id(request)], end_ids=end_ids, stops=sampling.stops) for request in requests
        ]

    def _write(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[Request, Sequence[int]]]:
        """The new token ids of each request, as soon as they are known."""
        if self.by_rows and all(isinstance(request.adapter, Adapter | None) for request in requests):
            yield from self._row_by_row(requests, sampling)
            return
        reporter = Reporter("writing", len(requests))
        n_texts = n_tokens = 0
        for blocks in _batches(requests, self.prompts_per_batch):
            adapters = [block[0].adapter for block in blocks if block[0].adapter is not None]
            rows = [request for block in blocks for request in block]
            prompts = [self._encoded(request) for request in rows]
            with attached(self.backbone.model, adapters):
                ids = continue_together(self.backbone, prompts, [request.seed for request in rows], sampling)
            yield from zip(rows, ids.tolist(), strict=True)
            n_texts, n_tokens = n_texts + len(rows), n_tokens + ids.numel()
            reporter.update(partial(_so_far, n_texts, n_tokens))

    def _row_by_row(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[Request, Sequence[int]]]:
        """Those of one adapter one after the other, the longest prompt first, so that little is padded."""
        numbers = random_numbers([request.seed for request in requests], sampling) if sampling.temperature else None
        rows = [
            Row(
                prompt=self._encoded(request),
                adapter=request.adapter if isinstance(request.adapter, Adapter) else None,
                numbers=None if numbers is None else numbers[place],
            )
            for place, request in enumerate(requests)
        ]
        block_of: dict[int, int] = {}
        for request in requests:
            block_of.setdefault(id(request.adapter), len(block_of))
        order = sorted(
            range(len(rows)), key=lambda place: (block_of[id(requests[place].adapter)], -len(rows[place].prompt))
        )
        Decoder(self.backbone, sampling, places=self.prompts_per_batch).decode(rows[place] for place in order)
        yield from zip(requests, (row.ids for row in rows), strict=True)

    def _encoded(self, request: Request) -> list[int]:
        return encode_prompt(self.backbone.tokenizer, request.prompt, chat=self.backbone.chat)


def _so_far(n_texts: int, n_tokens: int) -> tuple[int, int, None]:
    return n_texts, n_tokens, None


def _batches(requests: Sequence[Request], size: int) -> Iterator[list[list[Request]]]:
    """Batches of at most `size` rows, each of blocks of equal length: a block has the requests of one adapter.

    What does not stack answers a batch of its own.
    """
    by_adapter: dict[int, list[Request]] = {}
    for request in requests:
        by_adapter.setdefault(id(request.adapter), []).append(request)
    batch: list[list[Request]] = []
    for of_adapter in by_adapter.values():
        for start in range(0, len(of_adapter), size):
            block = of_adapter[start : start + size]
            adapter = block[0].adapter
            alone = adapter is not None and not adapter.stacks
            if batch and (alone or (len(batch) + 1) * max(map(len, [*batch, block])) > size):
                yield _equally_long(batch)
                batch = []
            batch.append(block)
    yield _equally_long(batch)


def _equally_long(blocks: Sequence[list[Request]]) -> list[list[Request]]:
    """Short blocks repeat their last request."""
    longest = max(map(len, blocks))
    return [block + [block[-1]] * (longest - len(block)) for block in blocks]
