"""Attention of one new token a row, where several query heads share their keys and values (arXiv 2305.13245).

transformers repeats keys and values for each of those heads, all of them for every new token. Here the heads that share
them are what a sequence of queries is elsewhere, and nothing is copied.

Letters of shapes: B rows, H query heads, K heads of keys and values, G query heads a group, T tokens, D numbers a head.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from seal.nn.attention import attending_by

_ATTENTION = "sdpa_in_groups"


def attending_in_groups(model: PreTrainedModel) -> AbstractContextManager[None]:
    """While open, a model that attends by torch's `scaled_dot_product_attention` does so without copies."""
    return attending_by(model, _ATTENTION) if model.config._attn_implementation == "sdpa" else nullcontext()


def _attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **settings: Any
) -> tuple[Tensor, None]:
    """Queries [B, H, ·, D], keys and values [B, K, T, D] → [B, ·, H, D]."""
    is_shared = query.shape[1] > key.shape[1]
    is_for_all_heads = attention_mask is None or attention_mask.shape[1] == 1
    if query.shape[2] > 1 or not is_shared or not is_for_all_heads or settings.get("position_bias") is not None:
        whole: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **settings)
        return whole
    groups = query[:, :, 0].unflatten(1, (key.shape[1], -1))  # [B, K, G, D]
    attended = scaled_dot_product_attention(groups, key, value, attn_mask=attention_mask, scale=settings.get("scaling"))
    return attended.flatten(1, 2)[:, None], None


AttentionInterface.register(_ATTENTION, _attend)
AttentionMaskInterface.register(_ATTENTION, sdpa_mask)
