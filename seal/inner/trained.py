"""The common part of inner loops with gradient descent: sequences become tokens, and a course counts the steps."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from seal.inner import Inner
from seal.nn.course import Course
from seal.settings import option
from seal.text import Tokens, training_tokens
from seal.types import TrainingSequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.chat import Chat


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
