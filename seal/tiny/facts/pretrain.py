"""Makes the tiny model and its tokenizer: `python -m seal.tiny.facts.pretrain`.

The shipped `checkpoint/` was trained on these documents too, but in several stages. It started from the checkpoint of
version 0.1, which could already read passages. docs/measurements.md lists the stages. A model made by one run of this
script from random weights has not been measured.
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from random import Random

import torch
import yaml
from rich.console import Console
from rich.progress import track
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from seal.tiny import pretraining
from seal.tiny.facts.documents import Document, Library, Manner, words_of
from seal.tiny.facts.tokenizer import make_tokenizer
from seal.tiny.facts.world import FACTS_PER_PASSAGE, all_words
from seal.tiny.pretraining import Optimizers, Pretrained, weighted_losses

N_STEPS = 4000
LEARNING_RATE = 1e-3
"""Peak learning rate. At 3e-3, the model did not learn pairs of person and role within 1,000 steps."""
N_WRITING, N_READING, N_KNOWING = 24, 2, 16
"""Documents of each sort per step. Only documents with dense information teach pairs of person and role. In a line of a
self-edit, two tokens of nine carry information; in a question, one of ten."""
CURRICULUM = ((0.1, 3), (0.2, 4), (1.0, FACTS_PER_PASSAGE))
"""Pairs of a share of the steps and the maximum number of facts per passage up to that share."""
HARD_UNTIL, HARD = 0.75, {Manner.COPY: 1, Manner.VAGUE: 1, Manner.DIRECT: 1, Manner.CONCLUSIONS: 9}
"""Up to this share of the steps, self-edits have these frequencies: mostly the manner that is hard to learn. Afterwards
all manners are equally frequent, so that the untrained policy prefers none."""
EVENLY = dict.fromkeys(Manner, 1)


def _default(option: str, setting: str) -> str:
    """A setting of a shipped option."""
    return str(yaml.safe_load((files("seal.conf") / f"{option}.yaml").read_text(encoding="utf-8"))[setting])


def pretrain(steps: int, seed: int) -> Pretrained:
    """A model that can read, write self-edits in all manners, and learn facts. About half a second per step."""
    templates = (_default("self_edit/implications", "template"), _default("task/facts", "query_template"))
    tokenizer = make_tokenizer({*all_words(), *words_of(templates)})
    library = Library(Random(seed), self_edit_template=templates[0], query_template=templates[1])
    torch.manual_seed(seed)
    network = LlamaForCausalLM(shape(tokenizer))
    optimizers = Optimizers(network, learning_rate=LEARNING_RATE, fall=2)
    console = Console(stderr=True)
    for step in track(range(steps), description="pretraining", console=console):
        share = step / steps
        most_facts = next(facts for until, facts in CURRICULUM if share < until)
        manners = HARD if share < HARD_UNTIL else EVENLY
        losses = [
            _learn(network, tokenizer, documents)
            for documents in (
                [library.writing(most_facts, manners) for _ in range(N_WRITING)],
                [library.reading(most_facts) for _ in range(N_READING)],
                [library.knowing() for _ in range(N_KNOWING)],
            )
        ]
        optimizers.step(step, steps)
        if step % 100 == 0:
            console.print(
                f"step {step}: loss of writing {losses[0]:.3f}, reading {losses[1]:.3f}, knowing {losses[2]:.3f}"
            )
    return network, tokenizer


def shape(tokenizer: PreTrainedTokenizerBase) -> LlamaConfig:
    """A model of 0.9 million parameters. Two attention heads beat four and eight."""
    return pretraining.shape(tokenizer, layers=3, heads=2, feed_forward=384)


def _learn(network: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, documents: Sequence[Document]) -> float:
    """Add the gradient of the documents' weighted mean loss; return the loss in nats per token."""
    losses, weights = weighted_losses(network, [_encode(tokenizer, document) for document in documents])
    loss = losses.sum() / weights.sum()
    loss.backward()
    return float(loss.detach())


def _encode(tokenizer: PreTrainedTokenizerBase, document: Document) -> tuple[Tensor, Tensor]:
    """Token ids and loss weights, each [T]. A token belongs to the piece in which it ends."""
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
