"""The room of tasks: where contexts and their queries come from, and which of them are held out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt

from seal.settings import option
from seal.text import cut_at, fill, placeholders
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
        raise ValueError("a template has to ask the {question}, and may show the {title} and the {passage}")
    return template


@option
class Task(ABC):
    """A source of contexts."""

    query_template: Annotated[str, AfterValidator(_asks_the_question)]
    """How a question is put to a model: `{title}`, `{question}` and `{passage}` are filled in. The method never shows
    the passage (arXiv 2506.10943); a template that does measures an upper bound."""
    max_answer_tokens: PositiveInt
    """What a model writes is cut at this length, its thoughts before the answer included."""
    answer_stops: tuple[str, ...]
    """Strings that end an answer, for example a line break. Before a marker, white space ends nothing."""
    answer_marker: Annotated[str, Field(min_length=1)] | None
    """Only what follows the last occurrence of this string is the answer, for models that think before they answer. A
    text that never comes to it answers nothing: wrong, not unknown, since the model had its chance; counted apart.
    Null takes the whole text."""

    @property
    def answering(self) -> Sampling:
        """Answers are greedy: the most likely token each time. A line break would end thoughts at their first line, so
        before a marker only stops that are more than white space count."""
        stops = tuple(stop for stop in self.answer_stops if self.answer_marker is None or stop.strip())
        return Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_answer_tokens, stops=stops)

    @property
    def shows_the_passage(self) -> bool:
        return "passage" in placeholders(self.query_template)

    def answer_in(self, text: str) -> str:
        """What a grader gets of what a model wrote. A stop behind a marker ends the text: base models like to go on
        with other questions, and answers to them."""
        if self.answer_marker is None:
            return text
        _, _, after = text.partition(self.answer_marker)
        return cut_at(after, self.answer_stops).rpartition(self.answer_marker)[2].strip()

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
            Query(
                question=question,
                prompt=fill(self.query_template, title=title, question=question, passage=text),
                target=answer,
            )
            for question, answer in questions
        )
        return Context(id=context_id(title, text), title=title, text=text, queries=queries)


def context_id(title: str, text: str) -> str:
    """The same for the same passage in every run, so that runs can be compared."""
    return sha256(f"{title}\x1f{text}".encode()).hexdigest()[:12]
