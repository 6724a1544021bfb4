"""Rotary positions that are scaled by the longest text so far: transformers' "dynamic" kind keeps its length in mind.

A text that is longer than the model's original context, and shorter than one before it, is read with the scale of that
one. Left alone, a text's numbers hang on what the model read earlier.
"""

import torch
from torch import nn


def forget_lengths(network: nn.Module) -> None:
    """Have all such positions begin anew, as transformers does itself when a text within the original context comes."""
    for module in network.modules():
        kinds = vars(module).get("rope_type")  # of one kind of layer, or by kinds of layers
        for layer_type, kind in (kinds if isinstance(kinds, dict) else {None: kinds}).items():
            if "dynamic" in str(kind):
                device = next(module.buffers()).device
                nothing, first = torch.zeros(1, 1, 1, device=device), torch.zeros(1, 1, dtype=torch.long, device=device)
                module(nothing, first, *([layer_type] if layer_type else []))
