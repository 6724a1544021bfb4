"""Makes the model of the world of grids, shipped as `checkpoint/`: `python -m seal.tiny.grids.pretrain`."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from rich.console import Console
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from seal.tiny import pretraining
from seal.tiny.grids.documents import Document, Library
from seal.tiny.grids.tokenizer import make_tokenizer
from seal.tiny.pretraining import Optimizers, Pretrained, weighted_losses

N_STEPS = 3200
TOKENS_A_STEP = 6000
LEARNING_RATE = 3e-3
"""Peak learning rate."""
TOKENS_A_BATCH = 3000
CONFIGURED_SHARE, MOVED_SHARE = 0.06, 0.5
"""Shares of documents with self-edits, and with puzzles of moved cells. The rest has any transformation."""
CURRICULUM = ((0.2, 3, 16), (0.6, 4, 36), (1.0, 6, 64))
"""Up to each share of the steps: the largest side of an input, and the maximum number of cells of a grid."""
LARGE_SHARE, LARGE = 0.04, (10, 100)
"""Share of still larger puzzles in the last stage, and their limits."""


def pretrain(steps: int, seed: int) -> Pretrained:
    """A model that solves familiar puzzles, and writes any settings. About a second per step on one thread."""
    tokenizer = make_tokenizer()
    library = Library(random=Random(seed))
    torch.manual_seed(seed)
    network = LlamaForCausalLM(shape(tokenizer))
    optimizers = Optimizers(network, learning_rate=LEARNING_RATE, fall=1.5)
    console = Console(stderr=True)
    began_s = time.monotonic()
    for step in range(steps):
        losses = _learn(network, tokenizer, list(_documents(library, step / steps)))
        optimizers.step(step, steps)
        if step % 50 == 0:
            spent_s = time.monotonic() - began_s
            shown = ", ".join(f"{kind} {loss:.3f}" for kind, loss in losses.items())
            console.print(f"step {step} after {spent_s:.0f} s: loss of {shown}")
    return network, tokenizer


def shape(tokenizer: PreTrainedTokenizerBase) -> LlamaConfig:
    """A model of 0.66 million parameters."""
    return pretraining.shape(tokenizer, layers=4, heads=4, feed_forward=256)


def _documents(library: Library, share: float) -> Iterator[tuple[str, Document]]:
    """The documents of one step, with their kinds."""
    _, largest, most_cells = next(stage for stage in CURRICULUM if share < stage[0])
    n_characters = 0
    while n_characters < TOKENS_A_STEP:
        kind, draw = library.random.random(), library.random.random()
        if kind < CONFIGURED_SHARE:
            document = "self-edits", library.configured()
        elif kind < CONFIGURED_SHARE + MOVED_SHARE:
            document = "moved cells", library.moved_cells()
        elif share >= CURRICULUM[1][0] and draw < LARGE_SHARE:
            document = "transformations", library.transformed(*LARGE)
        else:
            document = "transformations", library.transformed(largest, most_cells)
        n_characters += sum(len(piece.text) for piece in document[1])
        yield document


def _learn(
    network: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, documents: Sequence[tuple[str, Document]]
) -> dict[str, float]:
    """Add the gradient of the documents' weighted mean loss; return the loss of each kind, in nats per token."""
    rows = sorted(((kind, *_encode(tokenizer, document)) for kind, document in documents), key=lambda row: len(row[1]))
    whole = sum(float(weights[1:].sum()) for _, _, weights in rows)
    sums: dict[str, list[float]] = {}
    for batch in _batches(rows):
        losses, _ = weighted_losses(network, [(ids, weights) for _, ids, weights in batch])
        weighted = losses.sum(1)
        (weighted.sum() / whole).backward()
        for (kind, _, own), loss in zip(batch, weighted.tolist(), strict=True):
            total = sums.setdefault(kind, [0.0, 0.0])
            total[0] += loss
            total[1] += float(own[1:].sum())
    return {kind: loss / weight for kind, (loss, weight) in sorted(sums.items())}


def _batches(rows: Sequence[tuple[str, Tensor, Tensor]]) -> Iterator[list[tuple[str, Tensor, Tensor]]]:
    """Batches of rows of similar length, with at most `TOKENS_A_BATCH` tokens."""
    batch: list[tuple[str, Tensor, Tensor]] = []
    for row in rows:
        if batch and (len(batch) + 1) * len(row[1]) > TOKENS_A_BATCH:
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _encode(tokenizer: PreTrainedTokenizerBase, document: Document) -> tuple[Tensor, Tensor]:
    """Token ids and loss weights, each [T]. The end token has the weight of the last piece."""
    ids: list[int] = []
    weights: list[float] = []
    for piece in document:
        of_piece = tokenizer(piece.text)["input_ids"]
        ids += of_piece
        weights += [piece.weight] * len(of_piece)
    return torch.tensor([*ids, tokenizer.eos_token_id]), torch.tensor([*weights, document[-1].weight])


if __name__ == "__main__":
    pretraining.command(pretrain, about=__doc__, output=Path(__file__).parent / "checkpoint", steps=N_STEPS)
