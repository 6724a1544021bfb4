"""Tokens that a model wrote become a text: up to its end, and without the thoughts before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from seal.thoughts import PARTS_OF_MARKERS, closes, parted
from seal.types import Completion, Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARGIN = 8
"""Tokens before a stop string that are read with it: a tokenizer may write the first of a text in another way."""
_CLOSING_BYTES = 32
"""Of the longest marker that closes a thought; a token has a byte at least."""
_BYTES_OF_A_CHARACTER = 4
_UNREADABLE = "\ufffd"
NOT_FINITE = "the model's logits are not finite"
"""Why there is no text, where the numbers of a model overflow or are none."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads what one model writes."""

    tokenizer: "PreTrainedTokenizerBase"
    end_ids: frozenset[int]
    """Tokens that end a text."""

    def text(self, ids: Sequence[int]) -> str:
        """Without special tokens, but for those that thoughts are told by."""
        if not self._marking or self._marking.isdisjoint(ids):
            return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))
        pieces = []
        for is_marking, group in groupby(ids, key=lambda token: token in self._marking):
            run = list(group)
            marks = "".join(self.tokenizer.convert_ids_to_tokens(run)) if is_marking else None
            pieces.append(str(self.tokenizer.decode(run, skip_special_tokens=True)) if marks is None else marks)
        return "".join(pieces)

    @cached_property
    def _marking(self) -> frozenset[int]:
        pairs = zip(self.tokenizer.all_special_tokens, self.tokenizer.all_special_ids, strict=True)
        return frozenset(number for token, number in pairs if token in PARTS_OF_MARKERS)

    def completion(self, ids: Sequence[int], sampling: Sampling, *, opened: bool) -> Completion:
        """What these new tokens say. With `opened` the prompt ended within a thought."""
        length = next((place for place, token in enumerate(ids) if token in self.end_ids), None)
        return completion_of(self.text(ids[:length]), sampling, opened=opened, has_ended=length is not None)


def completion_of(text: str, sampling: Sampling, *, opened: bool = False, has_ended: bool) -> Completion:
    """A text without its thoughts, up to a stop string behind them. A thought that does not end leaves no text."""
    found = parted(text, stops=sampling.stops, opened=opened)
    if not found.unfinished:
        return Completion(text=found.answer, finished=has_ended or found.stopped, thought=found.thought)
    limit = f"its limit of {sampling.max_new_tokens} tokens"
    reason = f"the text reached {'its end' if has_ended else limit} within a thought"
    return Completion(text="", finished=False, thought=found.thought, failure=reason)


def without_thoughts(written: Completion) -> Completion:
    """What anybody wrote without its thoughts, where these were not told apart yet: who wrote it may not know them."""
    if written.thought or written.failure:
        return written
    found = parted(written.text)
    if found.unfinished:
        reason = "the text reached its end within a thought"
        return replace(written, text="", finished=False, thought=found.thought, failure=reason)
    return replace(written, text=found.answer, thought=found.thought) if found.thought else written


class StopWatch:
    """Whether a text on its way has come to a stop string, asked at each of its tokens.

    To read every text whole at every token takes the square of its length; so only its end is read, and the whole where
    a stop string stands there. Stop strings within a thought end nothing.
    """

    def __init__(self, reader: Reader, stops: Sequence[str], *, opened: bool = False) -> None:
        self.reader, self.stops, self.opened = reader, stops, opened
        self.inside = opened
        self.n_tokens = max((len(stop.encode()) for stop in stops), default=0) + MARGIN

    def is_over(self, ids: Sequence[int]) -> bool:
        """Whether the newest of these tokens has ended the text."""
        if not self.stops:
            return False
        if self.inside and not closes(self.reader.text(ids[-_CLOSING_BYTES - MARGIN :])):
            return False
        self.inside = False
        if not any(stop in end for end in self._ends(ids) for stop in self.stops):
            return False
        found = parted(self.reader.text(ids), stops=self.stops, opened=self.opened)
        self.inside = found.unfinished
        return found.stopped

    def _ends(self, ids: Sequence[int]) -> Iterator[str]:
        """The end of the text. A tokenizer that falls back to bytes loses a whole run of them that is cut within a
        character; so the end is read from other tokens as well."""
        for n in range(self.n_tokens, self.n_tokens + _BYTES_OF_A_CHARACTER):
            end = self.reader.text(ids[-n:])
            yield end
            if _UNREADABLE not in end or n >= len(ids):
                return
