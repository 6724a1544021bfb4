"""Where texts end: at an end token, or at a stop string.

To read every text on its way whole at every token takes the square of its length; so only its end is read, and the
whole where a stop string stands there.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from seal.text import cut_at
from seal.types import Completion

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARGIN = 8
"""Tokens before a stop string that are read with it: a tokenizer may write the first of a text in another way."""


def stopped(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[Sequence[int]], stops: Sequence[str]) -> list[bool]:
    """For each text, given as its token ids, whether its newest token has ended it."""
    n_tokens = max(len(stop.encode()) for stop in stops) + MARGIN  # a token has a byte at least
    ends = tokenizer.batch_decode([list(ids[-n_tokens:]) for ids in texts], skip_special_tokens=True)
    return [
        any(stop in end for stop in stops) and _is_cut(tokenizer, ids, stops)
        for ids, end in zip(texts, ends, strict=True)
    ]


def _is_cut(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int], stops: Sequence[str]) -> bool:
    text = str(tokenizer.decode(list(ids), skip_special_tokens=True))
    return len(cut_at(text, stops)) < len(text)


def completion(
    tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int], *, end_ids: Collection[int], stops: Sequence[str]
) -> Completion:
    """What was written, by its token ids, whoever wrote it: up to an end token or a stop string."""
    length = next((place for place, token in enumerate(ids) if token in end_ids), None)
    whole = str(tokenizer.decode(list(ids[:length]), skip_special_tokens=True))
    text = cut_at(whole, stops)
    return Completion(text=text, finished=length is not None or len(text) < len(whole))
