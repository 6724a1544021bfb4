"""Whether the numbers that a model gives for one text can be relied on: tried out before it is trained or asked."""

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seal.errors import ModelError
from seal.nn.probing import CANNOT, Compared, alike, rows, states, unequal
from seal.nn.rotary import forget_lengths

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone

SHORT = 32
"""Tokens of a text where its length does not matter."""


def check_reading(backbone: "Backbone", n_tokens: int) -> bool:
    """Whether rotary scaling has to forget how long other texts were before each pass.

    Raises:
        ModelError: the numbers hang on later tokens, on what was read before, or on chance.
    """
    if not alike(backbone, "sees no later token", n_tokens, partial(_changed_behind, backbone), if_it_cannot=True):
        raise ModelError(
            f"model.path: {name_of(backbone)} sees the tokens that it is to predict, in texts of {n_tokens} tokens: it "
            "is no causal language model as transformers loads it here"
        )
    for fact, forgets in (("says the same again", False), ("says the same again once it forgot lengths", True)):
        if alike(backbone, fact, n_tokens, partial(_again, backbone, forgets), if_it_cannot=True):
            return forgets
    raise ModelError(
        f"model.path: {name_of(backbone)} gives other numbers for a text of {n_tokens} tokens the second time: they "
        "hang on chance, or on what it read before"
    )


def check_learning(backbone: "Backbone") -> None:
    """Raise a ModelError where a model has no gradients."""
    if not backbone.probes.holds("has gradients", lambda: _has_gradients(backbone)):
        raise ModelError(f"model.path: {name_of(backbone)} cannot be trained here: torch finds no gradients through it")


def alone(backbone: "Backbone", text: Tensor, *, forgets: bool = False, **inputs: Any) -> Tensor:
    """What a model makes of one text [T], [T, ·]."""
    if forgets:
        forget_lengths(backbone.model)
    return states(backbone.model, input_ids=text[None].to(backbone.device), **inputs)[0]


def name_of(backbone: "Backbone") -> str:
    """For messages."""
    return type(backbone.model).__name__


def _changed_behind(backbone: "Backbone", n_tokens: int, seed: int) -> Compared:
    """The first two thirds of a text, with another last third."""
    [text, other] = rows(backbone, (n_tokens, n_tokens), seed)
    kept = max(1, 2 * n_tokens // 3)
    changed = torch.cat([text[:kept], other[kept:]])
    return [alone(backbone, changed)[:kept]], [alone(backbone, text)[:kept]]


def _again(backbone: "Backbone", forgets: bool, n_tokens: int, seed: int) -> Compared:
    """A text before and after a longer one."""
    longer, text, _ = unequal(backbone, n_tokens, seed)
    forget_lengths(backbone.model)
    first = alone(backbone, text)
    alone(backbone, longer)
    return [alone(backbone, text, forgets=forgets)], [first]


def _has_gradients(backbone: "Backbone") -> bool:
    """By the embedded tokens of a text."""
    embedded: list[Tensor] = []

    def keep(_: object, __: object, output: Tensor) -> Tensor:
        embedded.append(output.detach().requires_grad_())
        return embedded[-1].clone()  # some models scale it in place

    [text] = rows(backbone, (SHORT,), 0)
    hook = backbone.model.get_input_embeddings().register_forward_hook(keep)
    try:
        with torch.enable_grad():
            alone(backbone, text).square().mean().backward()
    except CANNOT:
        return False
    finally:
        hook.remove()
    return any(each.grad is not None for each in embedded)
