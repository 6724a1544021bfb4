"""The room of tasks: where contexts and their queries come from, and which of them are held out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar

from pydantic import PositiveInt

from seal.settings import Option, option
from seal.types import Completion, Context, Query, Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """What a task has to offer. No context is in both parts."""

    train: tuple[Context, ...]
    """Those that rewards may come from."""
    held_out: tuple[Context, ...]
    """Those that only measure."""
    notes: tuple[str, ...] = ()
    """What the user should know about the reading, for example how many duplicates were dropped."""
    unasked: str | None = None
    """Why no context has a query, where that is so and the task knows; for recipes that ask."""
    remedy: str = "set task.n_train and task.n_held_out"
    """What helps where a part has no context, for recipes that need both."""

    parted_by: str = ""
    """The setting that divides the contexts into parts by a share; empty if the user set the size of each part."""

    places: Mapping[str, str] = field(default_factory=dict)
    """Where a context came from, by its id, for messages: for example `row 3 of my.jsonl`."""

    def place(self, context: Context) -> str:
        return self.places.get(context.id, context.id)

    @property
    def all(self) -> tuple[Context, ...]:
        return self.train + self.held_out

    @property
    def sha256(self) -> str:
        """Over every context with its queries, in order: equal data has equal hashes, wherever it lies."""
        digest = sha256()
        for context in self.all:
            parts = [context.title, context.text]
            for query in context.queries:
                parts += [query.question, query.prompt, query.target, *query.also]
            digest.update("\x1f".join(parts).encode() + b"\x1e")
        return digest.hexdigest()


@option
class Task(Option, ABC):
    """A source of contexts, which also knows how a model is asked about them."""

    of_puzzles: ClassVar[bool] = False
    """Whether contexts are puzzles of grids instead of passages."""
    unadapted_setting: ClassVar[str] = "base"
    """What the setting is called in which the model is asked without any training."""

    max_answer_tokens: PositiveInt
    """What a model writes is cut at this length, its thoughts before the answer included."""

    @property
    @abstractmethod
    def answering(self) -> Sampling:
        """How answers are written."""

    @property
    def shows_the_passage(self) -> bool:
        """Whether what is to be learned stands in the prompt of each question, so that nothing need be learned."""
        return False

    @abstractmethod
    def load(self) -> Contexts:
        """Read or make every context.

        Raises:
            DataError: with the places of all faults.
        """

    def prompts(self, context: Context, query: Query) -> Sequence[str]:
        """All the ways in which a query is put to a model; each is answered by itself."""
        return (query.prompt,)

    @abstractmethod
    def answer_of(self, context: Context, query: Query, written: Sequence[Completion]) -> str:
        """The one answer, as a grader gets it, in what a model wrote to each of the prompts."""

    @abstractmethod
    def style_of(self, context: Context, line: str) -> str:
        """What sort of line of a self-edit this is, for the report's mixture."""


def context_id(title: str, text: str) -> str:
    """The same for the same passage in every run, so that runs can be compared."""
    return sha256(f"{title}\x1f{text}".encode()).hexdigest()[:12]
