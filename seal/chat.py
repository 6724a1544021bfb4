"""A message becomes a prompt in a model's chat template. What comes out is read back: it holds the message.

A template is code that came with the weights: it runs in transformers' sandbox, and may raise anything.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seal import thoughts
from seal.errors import ModelError, first_line

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_NO_TODAY = datetime(2024, 7, 26)
"""The day that Llama 3's template takes where it is told none: a prompt must not change overnight."""
_REPLY = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for a reply, to see what a template puts around one."""
_SHOWN = 60
"""Characters of a text that a message quotes."""
OURS = frozenset(
    "conversation messages tools documents chat_template add_generation_prompt continue_final_message tokenize padding "
    "truncation max_length return_tensors return_dict return_assistant_tokens_mask tokenizer_kwargs strftime_now "
    "sanitize_control_tokens conversations".split()
)
"""What a template is told by whoever renders it, and cannot be told by a setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A model is asked by messages, in the chat template of its tokenizer."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the template is told beside the messages, for example `enable_thinking: false`."""

    def prompt(self, tokenizer: "PreTrainedTokenizerBase", message: str) -> str:
        """A user's message, up to where the assistant begins.

        Raises:
            ModelError: the template fails, or loses the message.
        """
        return self._rendered(tokenizer, [("user", message)], asks=True)

    def before_reply(self, tokenizer: "PreTrainedTokenizerBase", message: str) -> str:
        """What stands before a reply that was not thought about: the prompt, and what marks the end of thoughts.

        Raises:
            ModelError: as `prompt`.
        """
        prompt = self.prompt(tokenizer, message)
        if thoughts.opens(prompt):
            return thoughts.closed(prompt)
        before, _, _ = self._exchange(tokenizer, message)
        marks = before.removeprefix(prompt)
        return before if before.startswith(prompt) and thoughts.closes(marks) else prompt

    def after_reply(self, tokenizer: "PreTrainedTokenizerBase") -> str:
        """What stands behind a reply.

        Raises:
            ModelError: as `prompt`.
        """
        return self._exchange(tokenizer, "?")[2].strip()

    def faults(self, tokenizer: "PreTrainedTokenizerBase") -> Iterator[str]:
        """Why no model can be asked so; what the template says of each message is found out with it."""
        template = template_of(tokenizer)
        for name in self.arguments:
            if template is not None and not re.search(rf"\b{name}\b", template):
                yield f"model.template_arguments.{name}: the chat template does not know it, so leave it out"
        try:
            self.before_reply(tokenizer, "What is the capital of France?")
            self.after_reply(tokenizer)
        except ModelError as error:
            yield str(error)

    def _exchange(self, tokenizer: "PreTrainedTokenizerBase", message: str) -> tuple[str, str, str]:
        rendered = self._rendered(tokenizer, [("user", message), ("assistant", _REPLY)], asks=False)
        return rendered.rpartition(_REPLY)

    def _rendered(self, tokenizer: "PreTrainedTokenizerBase", turns: Sequence[tuple[str, str]], *, asks: bool) -> str:
        """Texts as they are or, where the template loses them so or fails, as lists of parts, as it may want them."""
        as_text: list[dict[str, Any]] = [{"role": role, "content": text} for role, text in turns]
        as_parts = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in turns]
        reasons = []
        for messages in (as_text, as_parts):
            try:
                rendered = self._applied(tokenizer, messages, asks=asks)
            except Exception as error:  # a template raises whatever it likes
                reasons.append(f"the chat template fails: {type(error).__name__}: {first_line(error)}")
                continue
            if all(text.strip() in rendered for _, text in turns):
                return rendered
            reasons.append(
                f"the chat template loses the message: it makes {_end_of(rendered)} of {turns[0][1][:_SHOWN]!r}"
            )
        raise ModelError(f"model.chat: {reasons[0]}: set model.chat=false, or give the model another chat template")

    def _applied(self, tokenizer: "PreTrainedTokenizerBase", messages: list[dict[str, Any]], *, asks: bool) -> str:
        return str(
            tokenizer.apply_chat_template(
                messages,
                tokenize=False,
                add_generation_prompt=asks,
                **{"strftime_now": _NO_TODAY.strftime, **self.arguments},
            )
        )


def template_of(tokenizer: "PreTrainedTokenizerBase") -> str | None:
    """The text of a tokenizer's chat template; None where it has none that is taken by itself."""
    template = tokenizer.chat_template
    return template.get("default") if isinstance(template, dict) else template


def _end_of(text: str) -> str:
    return repr(f"…{text[-_SHOWN:]}" if len(text) > _SHOWN else text)
