"""Makes the tiny model and its tokenizer: `python -m seal.tiny.facts.pretrain`. Its result is shipped as `checkpoint/`.

Muon (on matrices) with AdamW (on the rest) beat AdamW alone clearly, and two attention heads beat four and eight.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from seal.backbone import save
from seal.config import compose_config
from seal.tiny.facts.documents import Document, Library, words_of
from seal.tiny.facts.tokenizer import make_tokenizer
from seal.tiny.facts.world import FACTS_PER_PASSAGE, all_words

LEARNING_RATE = 3e-3
WARMUP_STEPS = 50
N_WRITING, N_READING, N_KNOWING = 12, 8, 48
"""Documents of each sort a step."""
READING_WEIGHT = 0.5
CURRICULUM = ((0.25, 3), (0.35, 4), (1.0, FACTS_PER_PASSAGE))
"""Up to which share of the steps passages have at most how many facts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "checkpoint")
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    network, tokenizer = pretrain(steps=arguments.steps, seed=arguments.seed)
    save(network, tokenizer, arguments.output)


def pretrain(*, steps: int, seed: int) -> tuple[LlamaForCausalLM, PreTrainedTokenizerBase]:
    """A model that can read, write self-edits in all styles, and be told facts. About half a second a step."""
    settings, _ = compose_config([])
    assert settings is not None
    templates = (settings["self_edit"]["template"], settings["task"]["query_template"])
    tokenizer = make_tokenizer({*all_words(), *words_of(templates)})
    library = Library(Random(seed), self_edit_template=templates[0], query_template=templates[1])
    torch.manual_seed(seed)
    network = LlamaForCausalLM(shape(tokenizer))
    optimizers = _optimizers(network)
    console = Console(stderr=True)
    for step in track(range(steps), description="pretraining", console=console):
        share = step / steps
        most_facts = next(facts for until, facts in CURRICULUM if share < until)
        rate = LEARNING_RATE * min(1, (step + 1) / WARMUP_STEPS, 2 * (1 - share))
        losses = [
            _learn(network, tokenizer, documents, weight)
            for documents, weight in (
                ([library.writing(most_facts) for _ in range(N_WRITING)], 1.0),
                ([library.reading(most_facts) for _ in range(N_READING)], READING_WEIGHT),
                ([library.knowing() for _ in range(N_KNOWING)], 1.0),
            )
        ]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
        if step % 100 == 0:
            console.print(
                f"step {step}: loss of writing {losses[0]:.3f}, reading {losses[1]:.3f}, knowing {losses[2]:.3f}"
            )
    return network, tokenizer


def shape(tokenizer: PreTrainedTokenizerBase) -> LlamaConfig:
    """0.9 million parameters."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        initializer_range=0.05,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _optimizers(network: nn.Module) -> list[torch.optim.Optimizer]:
    named = list(network.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in named if weight.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, weight_decay=0.0),
    ]


def _learn(
    network: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, documents: Sequence[Document], weight: float
) -> float:
    """Add the gradient of some documents' weighted mean loss; the loss in nats per token."""
    pairs = [_encode(tokenizer, document) for document in documents]
    ids = pad_sequence([ids for ids, _ in pairs], batch_first=True, padding_value=tokenizer.pad_token_id)
    weights = pad_sequence([weights for _, weights in pairs], batch_first=True)[:, 1:]
    logits = network(input_ids=ids, use_cache=False).logits[:, :-1]
    per_token = cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none").view_as(weights)
    loss = (per_token * weights).sum() / weights.sum()
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
    main()
