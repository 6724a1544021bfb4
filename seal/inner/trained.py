"""The common part of inner loops with gradient descent: sequences become tokens, and a course counts the steps."""

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from seal.inner import Inner
from seal.nn.course import Course
from seal.settings import option
from seal.text import Tokens, encode_sequence, training_tokens
from seal.types import Plan, TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.chat import Chat
    from seal.nn.backbone import Backbone


@option
class Trained(Inner):
    """An inner loop that trains on a plan's sequences in epochs."""

    append_end: bool = True
    """If true, the end token is appended to each sequence and trained on."""
    max_tokens: PositiveInt = 2048
    """Maximum length of a sequence. Longer texts are cut. Longer messages with replies are left out."""

    @property
    @abstractmethod
    def course(self) -> Course:
        """The course of one training."""

    @property
    @abstractmethod
    def pads_exactly(self) -> bool:
        """True if each sequence is padded to `max_tokens`, and the padding is trained on."""

    def watched(self, backbone: "Backbone", plan: Plan) -> tuple[Tokens, ...]:
        """The watched texts of a plan as tokens, without an end."""
        chat = backbone.chat
        texts = [_as_reply(text) if chat else replace(text, reply_from=None) for text in plan.watched]
        every = (encode_sequence(backbone.tokenizer, text, append_end=False, chat=chat) for text in texts)
        return tuple(tokens for tokens in every if tokens.n_trained and len(tokens.ids) <= self.max_tokens)

    @property
    def longest_text(self) -> int | None:
        return self.max_tokens

    def n_updates(self, n_sequences: int) -> int:
        return self.course.n_updates(n_sequences)

    def steps_per_epoch(self, n_sequences: int) -> int:
        return self.course.steps_per_epoch(n_sequences)

    def tokens(
        self, tokenizer: "PreTrainedTokenizerBase", sequence: TrainingSequence, *, chat: "Chat | None"
    ) -> Tokens | None:
        return training_tokens(
            tokenizer,
            sequence,
            append_end=self.append_end,
            chat=chat,
            max_tokens=self.max_tokens,
            padded=self.pads_exactly,
        )


def _as_reply(text: TrainingSequence) -> TrainingSequence:
    """A chat model begins its reply without the space that follows a prompt in plain text."""
    if text.reply_from is None:
        return text
    return replace(text, text=text.text[: text.reply_from] + text.text[text.reply_from :].lstrip())
