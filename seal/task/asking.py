"""Tasks that ask in words: how a question is put, and what of the text that a model writes is its answer."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt

from seal.base.lettering import lettered
from seal.settings import option
from seal.task import Task, context_id
from seal.task.questions import Asked
from seal.text import cut_at, fill, placeholders, shows
from seal.types import Completion, Context, Query, Sampling

PASSAGE_ABOVE = "{passage}\n\n"
"""What stands before a question, where a model may read the passage."""


@option
class PassageTask(Task):
    """Contexts are passages, and models are asked in words what they have learned from them."""

    query_template: Annotated[str, AfterValidator(shows("question", perhaps=("title", "passage")))] = (
        "{title}\nQuestion: {question} Answer:"
    )
    """How a question is put to a model: `{title}`, `{question}` and `{passage}` are filled in. The method never shows
    the passage (arXiv 2506.10943); a template that does measures an upper bound (asking=open_book)."""
    answer_stops: tuple[str, ...] = ("\n",)
    """Strings that end an answer, for example a line break. Before a marker, white space ends nothing."""
    answer_marker: Annotated[str, Field(min_length=1)] | None = None
    """For thoughts before the answer (asking=chain_of_thought): only what follows the last such string is the answer. A
    text that never comes to it is wrong, not unknown, and counted apart. null takes the whole text."""
    accepted: Literal["all", "first"] = "all"
    """Which of several answers to a question are right: all that the data has, the best of which counts, or the first
    only, as the published evaluation has it."""
    max_answer_tokens: PositiveInt = 64

    @property
    def answering(self) -> Sampling:
        """Answers are greedy: the most likely token each time. A line break would end thoughts at their first line, so
        before a marker only stops that are more than white space count."""
        stops = tuple(stop for stop in self.answer_stops if self.answer_marker is None or stop.strip())
        return Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_answer_tokens, stops=stops)

    @property
    def shows_the_passage(self) -> bool:
        return "passage" in placeholders(self.query_template)

    def answer_of(self, context: Context, query: Query, written: Sequence[Completion]) -> str:
        """The text, even if it was cut, or what follows the marker. A stop behind a marker ends the text: base models
        like to go on with other questions, and answers to them."""
        [completion] = written
        if self.answer_marker is None:
            return completion.text
        _, _, after = completion.text.partition(self.answer_marker)
        return cut_at(after, self.answer_stops).rpartition(self.answer_marker)[2].strip()

    def prompt_for(self, question: str, *, title: str, passage: str, options: Sequence[str] = ()) -> str:
        """A question as it is put to a model. Options stand below it, each behind its letter, and what follows stands
        below them. A title or passage that is not there leaves no empty line at the beginning."""
        template = self.query_template.replace("{question} ", "{question}\n") if options else self.query_template
        prompt = fill(template, title=title, question=lettered(question, options), passage=passage)
        return prompt if title and passage else prompt.lstrip("\n")

    def style_of(self, context: Context, line: str) -> str:
        if "?" in line:
            return "question and answer"
        return "copied" if line.strip() in context.text else "own words"

    def make_context(
        self,
        title: str,
        text: str,
        questions: Iterable[Asked | tuple[str, str | Sequence[str]]],
        kinds: Iterable[str] = repeat(""),
    ) -> Context:
        """A context whose id depends on its title and text only, so that it survives a reordered file.

        `questions` are pairs of a question and its answer, or all accepted ones; `kinds` says of each what sort it is.
        An `Asked` has its own kind, and perhaps options, which stand below the question, each behind its letter.
        Without a text, the id depends on the questions.
        """
        asked = [Asked.of(pair, kind) for pair, kind in zip(questions, kinds, strict=False)]
        queries = tuple(self._query(each, title=title, text=text) for each in asked)
        known_by = text or "\n".join(each.shown for each in asked)
        return Context(id=context_id(title, known_by), title=title, text=text, queries=queries)

    def _query(self, asked: Asked, *, title: str, text: str) -> Query:
        return Query(
            question=asked.shown,
            prompt=self.prompt_for(asked.question, title=title, passage=text, options=asked.options),
            target=asked.answers[0],
            kind=asked.kind,
            also=asked.answers[1:] if self.accepted == "all" else (),
            options=asked.options,
        )
