"""In whose company texts are written whose rows cannot come and go: tried out with transformers' own search."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from transformers import GenerationConfig

from seal.engine.whole_batches import left_padded
from seal.errors import ModelError
from seal.nn.backbone import Backbone
from seal.nn.company import Company, Way
from seal.nn.probing import Compared, alike, rows
from seal.nn.reading import SHORT, check_reading, name_of
from seal.nn.rotary import forget_lengths

_N_NEW = 3
"""Tokens that are written when it is tried whether texts notice each other."""


def way_of_writing(backbone: Backbone, n_tokens: int, *, shortest: int = 2) -> Way:
    """How prompts are continued that have at most so many tokens with what is written, and at least `shortest` without.

    Raises:
        ModelError: not even one at a time: what the model writes is not what it reads, or hangs on what it read before.
    """
    forgets = check_reading(backbone, n_tokens)
    if not alike(backbone, "writes as it reads", SHORT, partial(_written_and_read, backbone, forgets)):
        raise ModelError(
            f"model.path: {name_of(backbone)} does not write as it reads: transformers gives other numbers for a "
            "prompt when it is to be continued than when it is trained on, or none"
        )
    if shortest < 2 and not alike(backbone, "continues one token the same again", SHORT, partial(_one_token, backbone)):
        raise ModelError(
            f"model.path: {name_of(backbone)} continues a prompt of one token from whatever it read before: prompts "
            "need two tokens"
        )
    for company, lengths in ((Company.PADDED, _unequal), (Company.EQUAL, _equal)):
        if alike(backbone, f"written {company}", n_tokens, partial(_written, backbone, forgets, lengths)):
            break
    else:
        company = Company.ALONE
    if company is not Company.PADDED:
        backbone.probes.say(f"{name_of(backbone)} writes {company}: beside others its texts become others")
    return Way(company=company, forgets=forgets)


def _unequal(n_tokens: int) -> tuple[int, ...]:
    return n_tokens - _N_NEW, max(2, 3 * n_tokens // 4 - _N_NEW), 5


def _equal(n_tokens: int) -> tuple[int, ...]:
    return (n_tokens - _N_NEW,) * 2


def _written(
    backbone: Backbone, forgets: bool, lengths: Callable[[int], tuple[int, ...]], n_tokens: int, seed: int
) -> Compared:
    prompts = [row.tolist() for row in rows(backbone, lengths(n_tokens), seed)]
    together = _logits(backbone, prompts, forgets)
    return together, [_logits(backbone, [prompt], forgets)[0] for prompt in prompts]


def _written_and_read(backbone: Backbone, forgets: bool, n_tokens: int, seed: int) -> Compared:
    """The first token of what is written."""
    texts = rows(backbone, _unequal(n_tokens), seed)
    written = [_logits(backbone, [text.tolist()], forgets)[0][:1] for text in texts]
    return written, [_read(backbone, text, forgets) for text in texts]


def _one_token(backbone: Backbone, n_tokens: int, seed: int) -> Compared:
    """What follows on one token, behind one text that was read and behind another."""
    one, other, token = (row.tolist() for row in rows(backbone, (n_tokens, n_tokens, 1), seed))
    found = []
    for text in (one, other):
        _logits(backbone, [text], False)
        found.append(_logits(backbone, [token], False)[0])
    return found[:1], found[1:]


def _read(backbone: Backbone, text: Tensor, forgets: bool) -> Tensor:
    """The logits behind a text, [1, V]."""
    if forgets:
        forget_lengths(backbone.model)
    logits: Tensor = backbone.model(input_ids=text[None].to(backbone.device), use_cache=False).logits
    return logits[0, -1:]


def _logits(backbone: Backbone, prompts: Sequence[Sequence[int]], forgets: bool) -> list[Tensor]:
    """Of the next few tokens of each prompt, [T, V]."""
    if forgets:
        forget_lengths(backbone.model)
    ids, mask = left_padded(prompts, backbone)
    config = GenerationConfig(
        max_new_tokens=_N_NEW,
        min_new_tokens=_N_NEW,
        do_sample=False,
        eos_token_id=sorted(backbone.end_ids) or None,
        pad_token_id=backbone.pad_id,
        output_logits=True,
        return_dict_in_generate=True,
    )
    output = backbone.model.generate(input_ids=ids, attention_mask=mask, generation_config=config)  # type: ignore[operator]
    return list(torch.stack(output.logits, dim=1))
