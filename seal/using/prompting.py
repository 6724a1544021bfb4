"""A free question becomes the prompts of a run: under the title that the run used, and with a passage above it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from seal.settings import option
from seal.task import Contexts
from seal.task.asking import PASSAGE_ABOVE, PassageTask
from seal.text import placeholders
from seal.types import Context, Query


@option
class DefaultQuestions(PassageTask):
    """The default question prompt, for folders that say nothing about theirs."""

    def load(self) -> Contexts:
        return Contexts(train=(), held_out=())


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as it is put to a model."""

    task: PassageTask
    context: Context
    query: Query

    @property
    def prompt(self) -> str:
        [prompt] = self.task.prompts(self.context, self.query)
        return prompt


@dataclass(frozen=True, kw_only=True)
class Prompting:
    """The question prompt of a run, and the passages that it learned."""

    task: PassageTask
    contexts: tuple[Context, ...] = ()

    def known_passage(self, title: str) -> Context | None:
        """The passage of the run with this title."""
        return next((context for context in self.contexts if context.title == title), None)

    def about(self, question: str) -> Context | None:
        """The passage that a question is about: the run asked it, or it names the title; or there is only one."""
        for context in self.contexts:
            if any(query.question.strip() == question for query in context.queries):
                return context
        named = [each for each in self.contexts if each.title and each.title.casefold() in question.casefold()]
        if named:
            return max(named, key=lambda context: len(context.title))
        return self.contexts[0] if len(self.contexts) == 1 else None

    def plain(self, question: str, title: str | None = None) -> Asked:
        """The question as the run asks its own; `title` is None for the one of the passage that it is about."""
        context = self.about(question) if title is None else self.known_passage(title)
        shown = context.text if context else ""
        return _asked(self.task, question, title=self._title(question, title), passage=shown)

    def with_passage(self, question: str, passage: str, title: str | None = None) -> Asked:
        """The same with the passage in the prompt: above it, where the run's own prompt does not show one."""
        task = self.task
        if not task.shows_the_passage:
            task = replace(task, query_template=PASSAGE_ABOVE + task.query_template)
        return _asked(task, question, title=self._title(question, title), passage=passage)

    def _title(self, question: str, title: str | None) -> str:
        context = self.about(question)
        return title if title is not None else context.title if context else ""


def _asked(task: PassageTask, question: str, *, title: str, passage: str) -> Asked:
    if not title:
        task = replace(task, query_template="\n".join(_untitled(task.query_template)))
    context = task.make_context(title, passage, [(question, "")])
    return Asked(task=task, context=context, query=context.queries[0])


def _untitled(template: str) -> Iterator[str]:
    """The lines of a template without its title, and without lines that show nothing else."""
    for line in template.split("\n"):
        shown = placeholders(line)
        if "title" not in shown:
            yield line
        elif shown - {"title"}:
            yield line.replace("{title}", "").strip()
