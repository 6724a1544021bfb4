"""Which token comes next: the most likely one, or one that is drawn by random numbers of the text's own.

Letters of shapes: B rows, T tokens, V vocabulary, K candidates.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from seal.types import Sampling

CANDIDATES = 512
"""To sort a whole vocabulary takes longer than anything else here: most tokens are found among so many likely ones."""
_ROUNDING = 1e-5
"""By how much two sums of one row may differ: they add its probabilities in different orders."""


def random_numbers(seeds: Sequence[int], sampling: Sampling) -> Tensor:
    """For each text one number in [0, 1) a token that it may have, [B, T]."""
    return torch.stack(
        [torch.rand(sampling.max_new_tokens, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )


def drawn_tokens(scores: Tensor, numbers: Tensor, sampling: Sampling) -> Tensor:
    """Scores [B, V] and a random number each [B] → tokens [B], by temperature and nucleus (top-p, arXiv 1904.09751).

    The tokens are those of `by_sorting`, which is the definition; on the CPU bit for bit.
    """
    probabilities = (scores.float() / sampling.temperature).softmax(dim=-1)
    numbers = numbers.to(scores.device)
    if scores.shape[1] <= CANDIDATES:
        return by_sorting(probabilities, numbers, sampling.top_p)
    tokens, is_sure = _by_candidates(probabilities, numbers, sampling.top_p)
    open_rows = (~is_sure).nonzero()[:, 0]
    if len(open_rows):
        tokens[open_rows] = by_sorting(probabilities[open_rows], numbers[open_rows], sampling.top_p)
    return tokens


def by_sorting(probabilities: Tensor, numbers: Tensor, top_p: float) -> Tensor:
    """Probabilities [B, V] and random numbers [B] → tokens [B]. Of equally likely tokens the first comes first."""
    likely, tokens = probabilities.sort(dim=-1, descending=True, stable=True)
    cumulative = _kept(likely, top_p).cumsum(dim=-1)
    place = torch.searchsorted(cumulative, numbers[:, None] * cumulative[:, -1:])
    return tokens.gather(1, place.clamp(max=likely.shape[1] - 1))[:, 0]


def _by_candidates(probabilities: Tensor, numbers: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """The same, [B], from the likeliest K tokens; and whether these decide it, [B].

    They do where the place of the token is certain, though the sum of what is kept may not be, and where no other
    token is as likely: the order of equals is known only when all are sorted.
    """
    likely, tokens = probabilities.topk(CANDIDATES)  # [B, K]
    kept = _kept(likely, top_p)
    cumulative = kept.cumsum(dim=-1)
    last, whole = likely[:, -1:], probabilities.sum(dim=-1, keepdim=True)
    is_known = kept[:, -1:] == 0  # the nucleus ends among the candidates
    total = cumulative[:, -1:]
    lowest = total.where(is_known, whole.clamp(max=top_p) - _ROUNDING)
    highest = total.where(is_known, torch.minimum(whole, top_p + last) + _ROUNDING)
    place, at_most = (torch.searchsorted(cumulative, numbers[:, None] * bound) for bound in (lowest, highest))
    place = place.clamp(max=CANDIDATES - 1)
    chosen = likely.gather(1, place)
    is_alone = (likely == chosen).sum(dim=-1, keepdim=True) == 1
    is_sure = (place == at_most) & is_alone & (chosen > last)
    return tokens.gather(1, place)[:, 0], is_sure[:, 0]


def _kept(likely: Tensor, top_p: float) -> Tensor:
    """Falling probabilities [B, ·], those outside of the nucleus 0."""
    return likely.where(likely.cumsum(dim=-1) - likely < top_p, 0)


def are_finite(scores: Tensor) -> Tensor:
    """Scores [B, V] → whether they say anything [B]: none is NaN or infinite, but for tokens that cannot come."""
    return scores.amax(dim=-1).isfinite()
