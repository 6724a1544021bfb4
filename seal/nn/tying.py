"""Weights that two modules share, as an output head often shares those of the embeddings: to change them for one of the
two must not change them for the other."""

from collections import Counter
from collections.abc import Iterable

from torch import nn
from transformers import PreTrainedModel


def untie(network: PreTrainedModel, layers: Iterable[nn.Module]) -> None:
    """Give every module weights of its own, if one of these layers shares its own with another.

    The configuration says so then too, so that whoever loads the saved model does not tie them again.
    """
    owners = Counter(id(each) for module in network.modules() for each in module.parameters(recurse=False))
    if all(owners[id(each)] == 1 for layer in layers for each in layer.parameters(recurse=False)):
        return
    seen: set[int] = set()
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in seen:
                own = nn.Parameter(parameter.detach().clone(), requires_grad=parameter.requires_grad)
                setattr(module, name, own)
            seen.add(id(parameter))
    _say_untied(network)


def say_what_is_tied(network: PreTrainedModel) -> None:
    """A configuration that promises a tied head is corrected where the head has weights of its own.

    transformers does not tie them where the files hold both and they differ. Others go by the configuration alone.
    """
    head, embeddings = network.get_output_embeddings(), network.get_input_embeddings()
    if head is not None and head.weight is not embeddings.weight:
        _say_untied(network)


def _say_untied(network: PreTrainedModel) -> None:
    for module in network.modules():
        if isinstance(module, PreTrainedModel) and getattr(module.config, "tie_word_embeddings", False):
            module.config.tie_word_embeddings = False
