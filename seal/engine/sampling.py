"""Which token comes next: the most likely one, or one that is drawn by random numbers of the text's own."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seal.types import Sampling


def random_numbers(seeds: Sequence[int], sampling: Sampling) -> Tensor:
    """For each text one number in [0, 1) a token that it may have, [B, T]."""
    return torch.stack(
        [torch.rand(sampling.max_new_tokens, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )


def drawn_tokens(scores: Tensor, numbers: Tensor, sampling: Sampling) -> Tensor:
    """Scores [B, V] and a random number each [B] → tokens [B], by temperature and nucleus (top-p, arXiv 1904.09751)."""
    probabilities, tokens = (scores.float() / sampling.temperature).softmax(dim=-1).sort(dim=-1, descending=True)
    before = probabilities.cumsum(dim=-1) - probabilities
    kept = probabilities.where(before < sampling.top_p, 0)
    cumulative = kept.cumsum(dim=-1)
    drawn = numbers[:, None].to(scores.device) * cumulative[:, -1:]
    position = torch.searchsorted(cumulative, drawn).clamp(max=scores.shape[1] - 1)
    return tokens.gather(1, position)[:, 0]


def are_finite(scores: Tensor) -> Tensor:
    """Scores [B, V] → whether they say anything [B]: none is NaN or infinite, but for tokens that cannot come."""
    return scores.amax(dim=-1).isfinite()
