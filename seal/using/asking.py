"""Puts questions to a base model and to what it was adapted to. They share the weights, which are loaded once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seal.engine import Request
from seal.engine.reading import without_thoughts
from seal.errors import UsageError
from seal.model import files
from seal.text import encode_prompt
from seal.using.prompting import Asked, Prompting
from seal.using.sources import Source

if TYPE_CHECKING:
    from seal.engine.batched_generation import BatchedGenerator
    from seal.nn.adaptation import Adaptation


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model answered."""

    text: str
    note: str = ""
    """Why there is no text, or that it was cut."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers to one question. None where nobody was asked."""

    question: str
    base: Answer
    adapted: Answer | None = None
    with_passage: Answer | None = None
    """Of the base model, with the passage in the prompt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Respondent:
    """A base model and what it was adapted to, in memory."""

    prompting: Prompting
    base: "BatchedGenerator"
    adapted: "BatchedGenerator | None"
    """The same one as `base`, if an adapter is the difference. None if there is only one model."""
    adapter: "Adaptation | None"
    context_length: int | None
    """In tokens; None if the model sets no limit."""

    def answers(self, question: str, *, passage: str | None = None, title: str | None = None) -> Answers:
        """The answers to a question. `title` is None for the title of the passage that the question is about.

        Raises:
            UsageError: a prompt does not fit the context of the model.
        """
        plain = self.prompting.plain(question, title)
        shown = [] if passage is None else [self.prompting.with_passage(question, passage, title)]
        for asked in (plain, *shown):
            self._refuse_too_long(asked)
        of_base = _written(self.base, [plain, *shown], None)
        of_adapted = _written(self.adapted, [plain], self.adapter) if self.adapted else []
        return Answers(
            question=question,
            base=of_base[0],
            adapted=of_adapted[0] if of_adapted else None,
            with_passage=of_base[1] if shown else None,
        )

    def _refuse_too_long(self, asked: Asked) -> None:
        backbone, room = self.base.backbone, asked.task.max_answer_tokens
        n_tokens = len(encode_prompt(backbone.tokenizer, asked.prompt, chat=backbone.chat))
        if self.context_length is not None and n_tokens + room > self.context_length:
            raise UsageError(
                f"the prompt has {n_tokens} tokens and the answer may have {room}, but the context length of the model "
                f"is {self.context_length}: shorten the question or the passage, or lower --max-tokens"
            )


def opened(source: Source, *, max_tokens: int | None = None) -> Respondent:
    """Load the models of a source. `max_tokens` is the length at which answers are cut; None as in the run.

    Raises:
        ModelError: they cannot be loaded.
    """
    from seal.engine.batched_generation import BatchedGenerator
    from seal.nn.backbone import load

    backbone = load(source.model, source.weights)
    base = BatchedGenerator(backbone)
    adapter = _adapter(source, base)
    adapted = base if adapter else BatchedGenerator(load(source.model, source.merged)) if source.merged else None
    prompting = source.prompting
    if max_tokens is not None:
        prompting = replace(prompting, task=replace(prompting.task, max_answer_tokens=max_tokens))
    folder = source.weights or files.fetched(source.model)
    return Respondent(
        prompting=prompting,
        base=base,
        adapted=adapted,
        adapter=adapter,
        context_length=files.ModelFolder(folder).context_length,
    )


def _adapter(source: Source, base: "BatchedGenerator") -> "Adaptation | None":
    from seal.nn.peft_adapter import PeftAdapter

    if source.adapter is None:
        return None
    if source.inner is not None:
        return source.inner.load(source.adapter)
    return PeftAdapter.beside(base.backbone.model, source.adapter)


def _written(model: "BatchedGenerator", asked: Sequence[Asked], adapter: "Adaptation | None") -> list[Answer]:
    requests = [Request(prompt=each.prompt, seed=0, adapter=adapter) for each in asked]
    answers = []
    for each, written in zip(asked, model.generate(requests, asked[0].task.answering), strict=True):
        completion = without_thoughts(written)
        text = each.task.answer_of(each.context, each.query, [completion]).strip()
        cut = "" if completion.finished else f"cut at {each.task.max_answer_tokens} tokens"
        answers.append(Answer(text=text, note=completion.failure or cut))
    return answers
