"""A model of 16 bits that computes in 32 for a moment, without room for all of it in 32.

Blocks of layers are widened one at a time, while they compute; embeddings and heads stand wide all along.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


@contextmanager
def computing_in_float32(model: PreTrainedModel) -> Iterator[None]:
    """While open, weights of fewer bits take part as float32; afterwards the model has the very tensors that it had."""
    blocks = list(_blocks(model))
    inside = {id(weight) for block in blocks for weight in block.parameters()}
    with ExitStack() as opened:
        for block in blocks:
            opened.enter_context(_wide_while_computing(block))
        opened.enter_context(_wide(weight for weight in model.parameters() if id(weight) not in inside))
        yield


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    """The members of the outermost lists of modules."""
    for child in module.children():
        yield from child if isinstance(child, nn.ModuleList) else _blocks(child)


@contextmanager
def _wide_while_computing(block: nn.Module) -> Iterator[None]:
    opened = ExitStack()

    def widen(*_: object) -> None:
        opened.enter_context(_wide(block.parameters()))

    def narrow(*_: object) -> None:
        opened.close()

    hooks = [block.register_forward_pre_hook(widen), block.register_forward_hook(narrow, always_call=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        opened.close()


@contextmanager
def _wide(weights: Iterable[nn.Parameter]) -> Iterator[None]:
    own: list[tuple[nn.Parameter, Tensor]] = []
    try:
        for weight in weights:
            if weight.is_floating_point() and weight.dtype.itemsize < torch.float32.itemsize:
                own.append((weight, weight.data))
                weight.data = weight.data.float()
        yield
    finally:
        for weight, narrow in own:
            weight.data = narrow
