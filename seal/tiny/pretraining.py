"""The common part of pretraining both small models: the command, the architecture, the optimizers and the loss.

Muon (on matrices) with AdamW (on the rest) clearly beat AdamW alone.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from seal.nn.backbone import save

Pretrained = tuple[LlamaForCausalLM, PreTrainedTokenizerBase]
Row = tuple[Tensor, Tensor]
"""Token ids and their loss weights, each [T]."""

WARMUP_STEPS = 50


def command(pretrain: Callable[[int, int], Pretrained], *, about: str | None, output: Path, steps: int) -> None:
    """The command line of a pretraining script. `pretrain` takes steps and seed."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--output", type=Path, default=output)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    network, tokenizer = pretrain(arguments.steps, arguments.seed)
    save(network, tokenizer, arguments.output)


def shape(tokenizer: PreTrainedTokenizerBase, *, layers: int, heads: int, feed_forward: int) -> LlamaConfig:
    """A small Llama for the tokens of a world."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=feed_forward,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        initializer_range=0.05,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


class Optimizers:
    """Muon and AdamW as one optimizer. The learning rate rises, stays, and falls linearly to 0 at the end."""

    def __init__(self, network: nn.Module, *, learning_rate: float, fall: float) -> None:
        """`learning_rate` is the peak. With a larger `fall`, the fall starts later, at 1 − 1 / fall of all steps."""
        named = list(network.named_parameters())
        matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
        rest = [weight for name, weight in named if weight.ndim != 2 or "embed" in name]
        self._network, self._learning_rate, self._fall = network, learning_rate, fall
        self._both: tuple[torch.optim.Optimizer, ...] = (
            torch.optim.Muon(matrices, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, weight_decay=0.0),
        )

    def step(self, step: int, n_steps: int) -> None:
        """Apply and clear the gradients, at step `step` of `n_steps`."""
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        rate = self._learning_rate * min(1, (step + 1) / WARMUP_STEPS, self._fall * (1 - step / n_steps))
        for optimizer in self._both:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()


def weighted_losses(network: LlamaForCausalLM, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """Weighted losses in nats, and weights, for each token but the first of each row; both [B, T - 1]."""
    pad_id = network.config.pad_token_id
    assert isinstance(pad_id, int)
    ids = pad_sequence([ids for ids, _ in rows], batch_first=True, padding_value=pad_id)
    weights = pad_sequence([weights for _, weights in rows], batch_first=True)[:, 1:]
    logits = network(input_ids=ids, use_cache=False).logits[:, :-1]
    per_token = cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none").view_as(weights)
    return per_token * weights, weights
