"""Makes the tiny model and its tokenizer, shipped as `checkpoint/`: `python -m seal.tiny.facts.pretrain`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from seal.composing import compose_config
from seal.tiny import pretraining
from seal.tiny.facts.documents import Document, Library, words_of
from seal.tiny.facts.tokenizer import make_tokenizer
from seal.tiny.facts.world import FACTS_PER_PASSAGE, all_words
from seal.tiny.pretraining import Optimizers, Pretrained, weighted_losses

N_STEPS = 3600
N_WRITING, N_READING, N_KNOWING = 12, 8, 48
"""Documents of each sort a step."""
READING_WEIGHT = 0.5
CURRICULUM = ((0.25, 3), (0.35, 4), (1.0, FACTS_PER_PASSAGE))
"""Up to which share of the steps passages have at most how many facts."""


def pretrain(steps: int, seed: int) -> Pretrained:
    """A model that can read, write self-edits in all styles, and be told facts. About half a second a step."""
    settings, _ = compose_config([])
    assert settings is not None
    templates = (settings["self_edit"]["template"], settings["task"]["query_template"])
    tokenizer = make_tokenizer({*all_words(), *words_of(templates)})
    library = Library(Random(seed), self_edit_template=templates[0], query_template=templates[1])
    torch.manual_seed(seed)
    network = LlamaForCausalLM(shape(tokenizer))
    optimizers = Optimizers(network, fall=2)
    console = Console(stderr=True)
    for step in track(range(steps), description="pretraining", console=console):
        share = step / steps
        most_facts = next(facts for until, facts in CURRICULUM if share < until)
        losses = [
            _learn(network, tokenizer, documents, weight)
            for documents, weight in (
                ([library.writing(most_facts) for _ in range(N_WRITING)], 1.0),
                ([library.reading(most_facts) for _ in range(N_READING)], READING_WEIGHT),
                ([library.knowing() for _ in range(N_KNOWING)], 1.0),
            )
        ]
        optimizers.step(step, steps)
        if step % 100 == 0:
            console.print(
                f"step {step}: loss of writing {losses[0]:.3f}, reading {losses[1]:.3f}, knowing {losses[2]:.3f}"
            )
    return network, tokenizer


def shape(tokenizer: PreTrainedTokenizerBase) -> LlamaConfig:
    """0.9 million parameters. Two attention heads beat four and eight."""
    return pretraining.shape(tokenizer, layers=3, heads=2, feed_forward=384)


def _learn(
    network: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, documents: Sequence[Document], weight: float
) -> float:
    """Add the gradient of some documents' weighted mean loss; the loss in nats per token."""
    losses, weights = weighted_losses(network, [_encode(tokenizer, document) for document in documents])
    loss = losses.sum() / weights.sum()
    (loss * weight).backward()
    return float(loss.detach())


def _encode(tokenizer: PreTrainedTokenizerBase, document: Document) -> tuple[Tensor, Tensor]:
    """Token ids and loss weights, each [T]; a token belongs to the piece in which it ends."""
    text = "".join(piece.text for piece in document)
    encoded = tokenizer(text, return_offsets_mapping=True)
    weights = list(_weights(document, [end for _, end in encoded["offset_mapping"]]))
    return torch.tensor([*encoded["input_ids"], tokenizer.eos_token_id]), torch.tensor([*weights, 1.0])


def _weights(document: Document, ends: Sequence[int]) -> Iterator[float]:
    borders = [sum(len(piece.text) for piece in document[: number + 1]) for number in range(len(document))]
    for end in ends:
        yield next(piece.weight for piece, border in zip(document, borders, strict=True) if end <= border)


if __name__ == "__main__":
    pretraining.command(pretrain, about=__doc__, output=Path(__file__).parent / "checkpoint", steps=N_STEPS)
