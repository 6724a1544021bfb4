"""Texts become token ids and loss masks here. Pure; knows tokenizers, and no tokenizer's ids by heart."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from seal.chat import Chat
from seal.thoughts import closed, first_stop
from seal.types import TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ALIKE = 0.7
"""From this similarity on a name is taken for another one, misspelt."""


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


def prompt_text(tokenizer: "PreTrainedTokenizerBase", prompt: str, *, chat: Chat | None) -> str:
    """A prompt as the model reads it: with `chat` as a user's message, up to where the assistant begins.

    Raises:
        ModelError: the chat template fails, or loses the prompt.
    """
    return chat.prompt(tokenizer, prompt) if chat else prompt


def encode_prompt(tokenizer: "PreTrainedTokenizerBase", prompt: str, *, chat: Chat | None) -> list[int]:
    """The token ids of that. Outside of a chat they never end in an end token; in one the template has its way.

    Raises:
        ModelError: as `prompt_text`.
    """
    return encode_text(tokenizer, prompt_text(tokenizer, prompt, chat=chat), chat=chat)


def encode_text(tokenizer: "PreTrainedTokenizerBase", text: str, *, chat: Chat | None) -> list[int]:
    """The token ids of a prompt as the model reads it."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if chat else _begun(tokenizer, text)[0]


def _begun(
    tokenizer: "PreTrainedTokenizerBase", text: str, *, with_places: bool = False
) -> tuple[list[int], list[int]]:
    """The ids of a text with what the tokenizer puts before it, and without any end; perhaps where each token ends.

    Many tokenizers put an end token behind each text (usual after fine-tuning). Prompts would end before they are
    answered, and sequences twice.
    """
    encoded = tokenizer(text, return_special_tokens_mask=True, return_offsets_mapping=with_places)
    ids, is_added = list(encoded["input_ids"]), encoded["special_tokens_mask"]
    while 0 in is_added and is_added[len(ids) - 1]:
        ids.pop()
    ids = _unended(ids, [tokenizer.eos_token_id]) or ids[:1]
    places = encoded["offset_mapping"][: len(ids)] if with_places else []
    return ids, [end for _, end in places]


def _unended(ids: list[int], *ends: list[int]) -> list[int]:
    """Without any of these ends behind it."""
    while found := next((end for end in ends if end and ids[-len(end) :] == end), None):
        ids = ids[: -len(found)]
    return ids


def encode_completion(
    tokenizer: "PreTrainedTokenizerBase", prompt: str, completion: str, *, chat: Chat | None, append_end: bool = True
) -> Tokens:
    """A prompt, read, with a completion and perhaps its end, learned: an example for fine-tuning the policy.

    Where the prompt makes a model think first, the completion follows an empty thought: it is no thought.
    """
    before = chat.before_reply(tokenizer, prompt) if chat else closed(prompt)
    prompt_ids = encode_text(tokenizer, before, chat=chat)
    ends = end_of_reply(tokenizer, chat=chat)
    completion_ids = list(tokenizer(completion, add_special_tokens=False)["input_ids"])
    completion_ids = _unended(completion_ids, ends, [tokenizer.eos_token_id]) + (ends if append_end else [])
    trained = [False] * len(prompt_ids) + [True] * len(completion_ids)
    return Tokens(ids=(*prompt_ids, *completion_ids), trained=tuple(trained))


def encode_sequence(
    tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence, *, append_end: bool, chat: Chat | None = None
) -> Tokens:
    """A training sequence; a token is trained on if any character of it lies at or after `trained_from`.

    It ends once with `append_end`, else never, whatever the tokenizer or the text put at its end.
    A message and its reply become tokens apart, just as the message alone does when the model is asked. What the chat
    template puts around a message is trained on as the message is.
    """
    if sequence.reply_from is not None:
        message, reply = sequence.text[: sequence.reply_from], sequence.text[sequence.reply_from :]
        exchange = encode_completion(tokenizer, message, reply, chat=chat, append_end=append_end)
        is_whole = sequence.trained_from < sequence.reply_from
        return replace(exchange, trained=(True,) * len(exchange.ids)) if is_whole else exchange
    ids, places = _begun(tokenizer, sequence.text, with_places=sequence.trained_from > 0)
    trained = [end > sequence.trained_from for end in places] if sequence.trained_from else [True] * len(ids)
    ends = end_of_reply(tokenizer, chat=None) if append_end else []
    return Tokens(ids=(*ids, *ends), trained=(*trained, *(True for _ in ends)))


def training_tokens(
    tokenizer: "PreTrainedTokenizerBase",
    sequence: TrainingSequence,
    *,
    append_end: bool,
    chat: Chat | None,
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


def end_of_reply(tokenizer: "PreTrainedTokenizerBase", *, chat: Chat | None) -> list[int]:
    """What a model writes when it is done: in a chat whatever the template puts behind a reply, else the end token."""
    if chat and (behind := chat.after_reply(tokenizer)):
        return list(tokenizer(behind, add_special_tokens=False)["input_ids"])
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]


def cut_at(text: str, stops: Sequence[str]) -> str:
    """The text before the first of the stop strings that occurs in it. White space before the text ends nothing."""
    return text[: first_stop(text, stops)]


def lines(text: str) -> Iterator[str]:
    """The non-empty lines of a text, stripped."""
    return (stripped for line in text.splitlines() if (stripped := line.strip()))
