"""The room of tasks: where contexts and their queries come from, and which of them are held out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, PositiveInt

from seal.settings import option
from seal.text import fill, placeholders
from seal.types import Context, Query, Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """What a task has to offer. No context is in both parts."""

    train: tuple[Context, ...]
    """Those that rewards may come from."""
    held_out: tuple[Context, ...]
    """Those that only measure."""
    notes: tuple[str, ...] = ()
    """What the user should know about the reading, for example how many duplicates were dropped."""

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
            parts += [part for query in context.queries for part in (query.question, query.prompt, query.target)]
            digest.update("\x1f".join(parts).encode() + b"\x1e")
        return digest.hexdigest()


def _asks_the_question(template: str) -> str:
    if "question" not in placeholders(template):
        raise ValueError("a template has to ask the {question}, and may show the {title}")
    return template


@option
class Task(ABC):
    """A source of contexts."""

    query_template: Annotated[str, AfterValidator(_asks_the_question)]
    """How a question is put to a model: `{title}` and `{question}` are filled in. The context is never shown."""
    max_answer_tokens: PositiveInt
    """Answers are cut at this length."""
    answer_stops: tuple[str, ...]
    """Strings that end an answer, for example a line break."""

    @property
    def answering(self) -> Sampling:
        """Answers are greedy: the most likely token each time."""
        return Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_answer_tokens, stops=self.answer_stops)

    @abstractmethod
    def load(self) -> Contexts:
        """Read or make every context.

        Raises:
            DataError: with the places of all faults.
        """

    def style_of(self, context: Context, line: str) -> str:
        """What sort of line of a self-edit this is, for the report's mixture."""
        if "?" in line:
            return "question and answer"
        return "copied" if line.strip() in context.text else "own words"

    def make_context(self, title: str, text: str, questions: Iterable[tuple[str, str]]) -> Context:
        """A context whose id depends on its title and text only, so that it survives a reordered file."""
        queries = tuple(
            Query(question=question, prompt=fill(self.query_template, title=title, question=question), target=answer)
            for question, answer in questions
        )
        return Context(id=context_id(title, text), title=title, text=text, queries=queries)


def context_id(title: str, text: str) -> str:
    """The same for the same passage in every run, so that runs can be compared."""
    return sha256(f"{title}\x1f{text}".encode()).hexdigest()[:12]
