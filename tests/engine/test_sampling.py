"""Tokens are drawn from the nucleus of the whole vocabulary, though mostly the likely ones alone are looked at."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seal.engine import sampling
from seal.engine.sampling import CANDIDATES, drawn_tokens
from seal.types import Sampling

N_WORDS = 3 * CANDIDATES


def warm(top_p: float, temperature: float = 1.0) -> Sampling:
    return Sampling(temperature=temperature, top_p=top_p, max_new_tokens=1)


def scores_of(seed: int, spread: float, *, steps: int | None = None) -> Tensor:
    """Scores [V]; with `steps` there are only so many different ones to a unit, and most have equals."""
    drawn = torch.randn(N_WORDS, generator=torch.Generator().manual_seed(seed)) * spread
    return drawn if steps is None else (drawn * steps).round() / steps


def by_definition(scores: Tensor, number: float, asked: Sampling) -> int:
    """The token of one number, as the textbook has it: sort all, keep the nucleus, walk until the number is reached."""
    probabilities = (scores / asked.temperature).softmax(dim=-1).numpy()
    order = np.lexsort((np.arange(len(probabilities)), -probabilities))
    sums = np.cumsum(probabilities[order], dtype=np.float64).astype(np.float32)
    kept = sums - probabilities[order] < np.float32(asked.top_p)
    nucleus = np.where(kept, probabilities[order], 0)
    cumulative = np.cumsum(nucleus, dtype=np.float64).astype(np.float32)
    place = int(np.searchsorted(cumulative, np.float32(number) * cumulative[-1]))
    return int(order[min(place, len(order) - 1)])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    spread=st.sampled_from([0.0, 0.1, 1.0, 3.0, 10.0, 60.0]),
    steps=st.sampled_from([None, 1, 4]),
    top_p=st.sampled_from([1e-6, 0.1, 0.5, 0.9, 0.95, 0.999, 1.0]),
    temperature=st.sampled_from([0.3, 1.0, 1.5]),
)
def test_every_number_draws_the_token_of_the_full_sort_ties_included(
    seed: int, spread: float, steps: int | None, top_p: float, temperature: float
) -> None:
    scores, asked = scores_of(seed, spread, steps=steps), warm(top_p, temperature)
    numbers = torch.cat([torch.linspace(0, 1, 30)[:-1], torch.tensor([1e-7, 0.5, 1 - 2**-24])])
    drawn = drawn_tokens(scores.expand(len(numbers), -1), numbers, asked)
    assert drawn.tolist() == [by_definition(scores, number, asked) for number in numbers.tolist()]


@pytest.mark.parametrize("steps", [None, 4])
@pytest.mark.parametrize("top_p", [0.5, 0.9, 1.0])
def test_the_tokens_kept_and_their_probabilities_are_those_of_the_nucleus(top_p: float, steps: int | None) -> None:
    scores = scores_of(1, 4.0, steps=steps)
    n = 40_000
    numbers = (torch.arange(n) + 0.5) / n
    drawn = Counter(drawn_tokens(scores.expand(n, -1), numbers, warm(top_p)).tolist())
    likely, tokens = scores.double().softmax(dim=-1).sort(descending=True, stable=True)
    n_kept = int((likely.cumsum(0) - likely < top_p).sum())
    expected = dict(zip(tokens[:n_kept].tolist(), (likely[:n_kept] / likely[:n_kept].sum()).tolist(), strict=True))
    assert drawn.keys() <= expected.keys()
    assert all(token in drawn for token, share in expected.items() if share > 1 / n)
    assert all(abs(drawn[token] / n - share) < 1.1 / n for token, share in expected.items())


def test_hardly_any_row_of_a_model_that_knows_what_it_says_is_sorted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_rows: list[int] = []
    whole = sampling.by_sorting
    monkeypatch.setattr(sampling, "by_sorting", lambda p, *rest: [sorted_rows.append(len(p)), whole(p, *rest)][1])
    scores = torch.stack([scores_of(seed, 6.0) for seed in range(200)])
    drawn_tokens(scores, torch.rand(200, generator=torch.Generator().manual_seed(0)), warm(0.95))
    assert sum(sorted_rows) < 5


def test_a_row_does_not_notice_the_others() -> None:
    scores = torch.stack([scores_of(seed, spread) for seed, spread in enumerate((0.1, 3.0, 9.0, 0.0, 1.0))])
    numbers = torch.tensor([0.99, 0.2, 0.7, 0.5, 0.9])
    alone = [int(drawn_tokens(scores[row : row + 1], numbers[row : row + 1], warm(0.95))[0]) for row in range(5)]
    assert drawn_tokens(scores, numbers, warm(0.95)).tolist() == alone
