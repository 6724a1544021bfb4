"""Numbers of texts in company are held against those alone: rounding is not a difference, and all else is."""

import pytest
import torch

from seal.nn.probing import agree, probed_length

ROPE = {"rope_parameters": {"rope_type": "default"}}


@pytest.mark.parametrize(
    ("config", "n_tokens", "expected"),
    [
        ({}, 5, 32),
        ({}, 33, 64),
        ({}, 64, 64),
        ({"max_position_embeddings": 100}, 65, 100),
        ({"max_position_embeddings": 4096, **ROPE}, 65, 128),
        ({"max_position_embeddings": 4096, "rope_parameters": {"original_max_position_embeddings": 100}}, 70, 100),
        ({"max_position_embeddings": 4096, "rope_parameters": {"original_max_position_embeddings": 100}}, 101, 128),
        ({"text_config": {"max_position_embeddings": 100}}, 65, 100),
        ({"n_positions": 100}, 300, 100),
        ({"max_position_embeddings": 100, **ROPE}, 300, 512),
    ],
)
def test_lengths_are_round_and_cross_no_limit_that_the_texts_do_not(
    config: dict[str, object], n_tokens: int, expected: int
) -> None:
    assert probed_length(config, n_tokens) == expected


@pytest.mark.parametrize(
    ("place", "by", "same"),
    [
        (None, 0.0, True),
        (slice(None), 1e-5, True),
        (50, 1.0, True),
        (slice(40, 50), 1.0, False),
        (0, 1.0, False),
        (99, 1e-3, False),
    ],
)
def test_only_a_stray_token_in_the_middle_may_differ(place: object, by: float, same: bool) -> None:
    expected = torch.randn(100, 8, generator=torch.Generator().manual_seed(0))
    expected[0, 0] = 4.0
    found = expected.clone()
    if place is not None:
        found[place] += by  # type: ignore[index]
    short = torch.ones(3, 8)
    assert agree([short, found], [short, expected]) is same


def test_of_numbers_that_are_not_finite_nothing_is_said() -> None:
    broken = torch.full((5, 3), torch.nan)
    assert agree([torch.ones(5, 3)], [broken])
    assert not agree([broken], [torch.ones(5, 3)])
