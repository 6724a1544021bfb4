"""Texts become token ids and loss masks here. Pure; knows tokenizers, and no tokenizer's ids by heart."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from seal.types import TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ALIKE = 0.7
"""From this similarity on a name is taken for another one, misspelt."""
_NO_TODAY = datetime(2024, 7, 26)
"""The day that Llama 3's template takes where it is told none: a prompt must not change overnight."""


def fill(template: str, **parts: str) -> str:
    """The template with each `{name}` replaced by its part. Other braces, in the parts too, stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda match: parts.get(match[1], match[0]), template)


def placeholders(template: str) -> set[str]:
    """The names that stand in braces in a template."""
    return set(re.findall(r"\{(\w+)\}", template))


def shows(*needed: str, perhaps: Sequence[str] = ()) -> Callable[[str], str]:
    """What checks that a template has the placeholders it needs, and none that only looks like one that there is.

    Other names in braces are left alone: they are text.
    """
    must = " and ".join(f"the {{{name}}}" for name in needed)
    may = ", and may show " + " and ".join(f"the {{{name}}}" for name in perhaps) if perhaps else ""

    def checked(template: str) -> str:
        found = placeholders(template)
        for name in sorted(found - {*needed, *perhaps}):
            for meant in get_close_matches(name, {*needed, *perhaps} - found, n=1, cutoff=ALIKE):
                raise ValueError(f"nothing is filled in for {{{name}}}; did you mean {{{meant}}}?")
        if not found >= {*needed}:
            raise ValueError(f"a template has to show {must}{may}")
        return template

    return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A tokenized training sequence: `trained[i]` says whether token i is a target of the loss."""

    ids: tuple[int, ...]
    trained: tuple[bool, ...]
    n_padding: int = 0
    """So many of the last tokens are padding: trained on, but never attended to."""

    @property
    def n_trained(self) -> int:
        """The first token has nothing before it to be predicted from."""
        return sum(self.trained[1:])

    def cut(self, length: int) -> "Tokens":
        """The first `length` tokens."""
        return Tokens(ids=self.ids[:length], trained=self.trained[:length])

    def padded(self, length: int, pad_id: int) -> "Tokens":
        """As long as `length`, with padding that is trained on."""
        count = max(0, length - len(self.ids))
        return Tokens(
            ids=self.ids + (pad_id,) * count, trained=self.trained + (True,) * count, n_padding=self.n_padding + count
        )


def padding_id(tokenizer: "PreTrainedTokenizerBase") -> int:
    """What stands in padding. It is never attended to, so any token serves where none is named."""
    pad = tokenizer.pad_token_id
    return pad if pad is not None else (tokenizer.eos_token_id or 0)


def encode_prompt(tokenizer: "PreTrainedTokenizerBase", prompt: str, *, chat: bool) -> list[int]:
    """Token ids of a prompt; with `chat` as a user's message, up to where the assistant begins."""
    if not chat:
        return list(tokenizer(prompt)["input_ids"])
    return list(tokenizer(render_chat(tokenizer, prompt), add_special_tokens=False)["input_ids"])


def render_chat(tokenizer: "PreTrainedTokenizerBase", prompt: str) -> str:
    """A user's message in the tokenizer's chat template. Templates that ask for the date always get the same one."""
    rendered = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        tokenize=False,
        add_generation_prompt=True,
        strftime_now=_NO_TODAY.strftime,
    )
    assert isinstance(rendered, str)
    return rendered


def encode_completion(
    tokenizer: "PreTrainedTokenizerBase", prompt: str, completion: str, *, chat: bool, append_end: bool = True
) -> Tokens:
    """A prompt, read, with a completion and perhaps its end, learned: an example for fine-tuning the policy."""
    prompt_ids = encode_prompt(tokenizer, prompt, chat=chat)
    ends = end_of_reply(tokenizer, chat=chat) if append_end else []
    completion_ids = [*tokenizer(completion, add_special_tokens=False)["input_ids"], *ends]
    trained = [False] * len(prompt_ids) + [True] * len(completion_ids)
    return Tokens(ids=(*prompt_ids, *completion_ids), trained=tuple(trained))


def encode_sequence(
    tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence, *, append_end: bool, chat: bool = False
) -> Tokens:
    """A training sequence; a token is trained on if any character of it lies at or after `trained_from`.

    A message and its reply become tokens apart, just as the message alone does when the model is asked. What the chat
    template puts around a message is trained on as the message is.
    """
    if sequence.reply_from is not None:
        message, reply = sequence.text[: sequence.reply_from], sequence.text[sequence.reply_from :]
        exchange = encode_completion(tokenizer, message, reply, chat=chat, append_end=append_end)
        is_whole = sequence.trained_from < sequence.reply_from
        return replace(exchange, trained=(True,) * len(exchange.ids)) if is_whole else exchange
    encoded = tokenizer(sequence.text, return_offsets_mapping=sequence.trained_from > 0)
    ids = list(encoded["input_ids"])
    if sequence.trained_from:
        trained = [end > sequence.trained_from for _, end in encoded["offset_mapping"]]
    else:
        trained = [True] * len(ids)
    if append_end:
        ends = end_of_reply(tokenizer, chat=False)
        ids, trained = ids + ends, trained + [True] * len(ends)
    return Tokens(ids=tuple(ids), trained=tuple(trained))


def training_tokens(
    tokenizer: "PreTrainedTokenizerBase",
    sequence: TrainingSequence,
    *,
    append_end: bool,
    chat: bool,
    max_tokens: int,
    padded: bool,
) -> Tokens | None:
    """A sequence as it is trained on. A long text is cut; a reply that would be cut teaches nothing: None.

    With `padded` the rest of the length is padding, which is trained on.
    """
    tokens = encode_sequence(tokenizer, sequence, append_end=append_end, chat=chat)
    if sequence.reply_from is not None and len(tokens.ids) > max_tokens:
        return None
    cut = tokens.cut(max_tokens)
    return cut.padded(max_tokens, padding_id(tokenizer)) if padded else cut


def end_of_reply(tokenizer: "PreTrainedTokenizerBase", *, chat: bool) -> list[int]:
    """What a model writes when it is done: in a chat whatever the template puts behind a reply, else the end token."""
    if chat:
        mark = "\N{OBJECT REPLACEMENT CHARACTER}"
        exchange = [{"role": "user", "content": "?"}, {"role": "assistant", "content": mark}]
        rendered = tokenizer.apply_chat_template(exchange, tokenize=False, strftime_now=_NO_TODAY.strftime)
        behind = str(rendered).rpartition(mark)[2].strip()
        if behind:
            return list(tokenizer(behind, add_special_tokens=False)["input_ids"])
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]


def cut_at(text: str, stops: Sequence[str]) -> str:
    """The text before the first of the stop strings that occurs in it. White space before the text ends nothing."""
    begin = len(text) - len(text.lstrip())
    ends = [position for stop in stops if (position := text.find(stop, begin)) >= 0]
    return text[: min(ends)] if ends else text


def lines(text: str) -> Iterator[str]:
    """The non-empty lines of a text, stripped."""
    return (stripped for line in text.splitlines() if (stripped := line.strip()))
