"""A continued-pretraining run in the format of the paper's repository: one model, trained on all passages.

    {"overall": {"baseline_accuracy", "adapter_accuracy", "gain"}, "per_article": {title: {…}}, "server_reply": {
        "baseline_texts", "adapter_texts", "baseline_correct", "adapter_correct"}}

`per_article` is keyed by title, so it keeps only the last of several passages with the same title. `server_reply` has
every answer, in the order of the passages. Passages and questions must come from another file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from seal.errors import DataError, listed
from seal.released import JUDGE, check_summary, faults_of
from seal.stats.statistics import mean
from seal.types import Context, Evaluation, Grade, Verdict


@dataclass(frozen=True, kw_only=True)
class _Reply:
    baseline_texts: tuple[str, ...]
    adapter_texts: tuple[str, ...]
    baseline_correct: tuple[bool, ...]
    adapter_correct: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class _Marks:
    baseline_correct: tuple[bool, ...]
    adapter_correct: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class _Document:
    overall: dict[str, float]
    per_article: dict[str, _Marks]
    server_reply: _Reply


@dataclass(frozen=True, kw_only=True)
class CorpusRun:
    """The evaluations of the unadapted and the adapted model, one per context."""

    contexts: tuple[Context, ...]
    unadapted: tuple[Evaluation, ...]
    adapted: tuple[Evaluation, ...]


def read_corpus(path: Path, document: Mapping[str, Any], contexts: Sequence[Context]) -> CorpusRun:
    """The run in a parsed file, about the first of these contexts.

    Raises:
        DataError: the file has another format, is about other contexts, or contradicts itself.
    """
    try:
        read = TypeAdapter(_Document).validate_python(
            {name: document.get(name) for name in _Document.__dataclass_fields__}
        )
    except ValidationError as error:
        raise DataError(listed(f"{path} is not a published continued-pretraining run:", faults_of(error))) from error
    reply = read.server_reply
    lengths = {name: len(getattr(reply, name)) for name in _Reply.__dataclass_fields__}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{path}: the lists of server_reply differ in length: {lengths}")
    check_summary(path, published=read.overall, found=_means(reply))
    chosen = _asked_about(path, len(reply.adapter_correct), contexts)
    run = CorpusRun(
        contexts=chosen,
        unadapted=tuple(_evaluations(chosen, reply.baseline_texts, reply.baseline_correct)),
        adapted=tuple(_evaluations(chosen, reply.adapter_texts, reply.adapter_correct)),
    )
    _check_alignment(path, run, read.per_article)
    return run


def _asked_about(path: Path, n_answers: int, contexts: Sequence[Context]) -> tuple[Context, ...]:
    """The first contexts that together have `n_answers` questions."""
    n_questions = 0
    for count, context in enumerate(contexts, start=1):
        n_questions += len(context.queries)
        if n_questions == n_answers:
            return tuple(contexts[:count])
    raise DataError(
        f"{path} has {n_answers} answers, but no number of first passages has as many questions: check --contexts"
    )


def _evaluations(contexts: Sequence[Context], texts: Sequence[str], marks: Sequence[bool]) -> Iterator[Evaluation]:
    graded = zip(texts, marks, strict=True)
    for context in contexts:
        own = [next(graded) for _ in context.queries]
        verdicts = tuple(
            Verdict(grade=Grade.CORRECT if correct else Grade.WRONG, answer=text, grader=JUDGE) for text, correct in own
        )
        yield Evaluation(seed=0, training=None, verdicts=verdicts)


def _means(reply: _Reply) -> dict[str, float]:
    """The means over questions, as in the published summary."""
    before = mean([float(mark) for mark in reply.baseline_correct]) or 0.0
    after = mean([float(mark) for mark in reply.adapter_correct]) or 0.0
    return {"baseline_accuracy": before, "adapter_accuracy": after, "gain": after - before}


def _check_alignment(path: Path, run: CorpusRun, marks: Mapping[str, _Marks]) -> None:
    """Check that the last passage of each title has the marks that the file gives for the title."""
    last = {context.title: number for number, context in enumerate(run.contexts)}
    faults = [
        f"the answers about '{title}' do not belong to these passages"
        for title, expected in marks.items()
        if title not in last or _marks(run.adapted[last[title]]) != expected.adapter_correct
    ]
    if faults:
        raise DataError(listed(f"{path} is about other passages, or in another order:", faults))


def _marks(evaluation: Evaluation) -> tuple[bool, ...]:
    return tuple(verdict.grade is Grade.CORRECT for verdict in evaluation.verdicts)
