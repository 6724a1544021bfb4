"""Attention of one token a row gives what transformers' own gives, for heads that share keys and values."""

from pathlib import Path

import pytest
import torch
from transformers import AttentionInterface

from seal.engine.grouped_attention import _ATTENTION, attending_in_groups
from tests.models import random_backbone


@pytest.mark.parametrize("n_queries", [1, 3])
@pytest.mark.parametrize("n_shared", [1, 2, 6])
@pytest.mark.parametrize("masked", [True, False])
def test_it_is_the_attention_of_transformers(n_queries: int, n_shared: int, masked: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(4, 6, n_queries, 8, generator=generator, dtype=torch.float64)
    key, value = torch.randn(2, 4, 6 // n_shared, 10, 8, generator=generator, dtype=torch.float64)
    mask = torch.arange(10).expand(4, 1, n_queries, 10) >= torch.arange(4)[:, None, None, None]
    module = torch.nn.Module()
    module.num_key_value_groups, module.is_causal = n_shared, True  # type: ignore[assignment]
    attentions = AttentionInterface()
    ours, theirs = (
        attentions[name](module, query, key, value, mask if masked else None, scaling=0.3)[0]
        for name in (_ATTENTION, "sdpa")
    )
    assert ours.shape == theirs.shape == (4, n_queries, 6, 8)
    assert (ours - theirs).abs().max() < 1e-12


def test_a_model_attends_as_it_did_afterwards_and_another_kind_of_attention_is_left_alone(tmp_path: Path) -> None:
    model = random_backbone(tmp_path, "llama").model
    for kind, inside in (("sdpa", _ATTENTION), ("eager", "eager")):
        model.set_attn_implementation(kind)
        with attending_in_groups(model):
            assert model.config._attn_implementation == inside
        assert model.config._attn_implementation == kind
