"""Single-passage evaluations in the format of the paper's repository (arXiv 2506.10943): one JSON file per run.

    {"overall": {…}, "articles": [{"title", "context", "completions": [{"text", "questions": [
        {"rep", "question", "answer", "baseline_answer", "adapter_answer", "baseline_correct", "adapter_correct"}]}]}]}

The unadapted model was asked and graded again for each self-edit and repeat. Each time is a separate evaluation here.
The verdicts are from GPT-4.1; a failed judgement was recorded as False. Rewards are the published ones. Each repeat's
accuracy was rounded to four digits before averaging, which decides a tie of the released round.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from seal.errors import DataError, listed
from seal.released import DIGITS, JUDGE, check_summary, faults_of
from seal.self_edit.passage import titled_plan
from seal.self_edit.prose import split
from seal.stats.statistics import accuracy, mean, sample_deviation
from seal.task import context_id
from seal.types import Attempt, Context, Evaluation, Grade, Invalid, Plan, Query, SelfEdit, Verdict


@dataclass(frozen=True, kw_only=True)
class _Question:
    rep: int
    question: str
    answer: str
    baseline_answer: str
    adapter_answer: str
    baseline_correct: bool
    adapter_correct: bool


@dataclass(frozen=True, kw_only=True)
class _Completion:
    text: str
    questions: Annotated[tuple[_Question, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class _Article:
    title: str
    context: str
    completions: Annotated[tuple[_Completion, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class _Document:
    overall: dict[str, float]
    articles: Annotated[tuple[_Article, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Articles:
    """A published run: an attempt per self-edit, and the unadapted model's evaluations of each context."""

    attempts: tuple[Attempt, ...]
    unadapted: Mapping[str, tuple[Evaluation, ...]]
    """By context, one per self-edit and repeat."""
    overall: Mapping[str, float]
    """The published summary."""
    passage_only: bool
    """True if training used only the passages."""

    @property
    def baselines(self) -> dict[str, float]:
        """The unadapted model's accuracy by context, over all its evaluations."""
        return {
            context: mean([accuracy(one) or 0.0 for one in evaluations]) or 0.0
            for context, evaluations in self.unadapted.items()
        }


def read_articles(path: Path, document: Mapping[str, Any]) -> Articles:
    """The run in a parsed file.

    Raises:
        DataError: the file has another format (the error lists the places), or its summary contradicts its verdicts.
    """
    try:
        read = TypeAdapter(_Document).validate_python(
            {name: document.get(name) for name in _Document.__dataclass_fields__}
        )
    except ValidationError as error:
        raise DataError(listed(f"{path} is not a published evaluation:", faults_of(error))) from error
    rows, overall = read.articles, read.overall
    if ragged := [place for number, row in enumerate(rows) for place in _ragged(row, f"articles.{number}")]:
        raise DataError(listed(f"{path} is not a published evaluation:", ragged))
    by_lines = bool(document.get("split_newlines", True))
    attempts = [attempt for row in rows for attempt in _attempts(row, by_lines=by_lines)]
    articles = Articles(
        attempts=tuple(attempts),
        unadapted=_unadapted(rows),
        overall=overall,
        passage_only=all(not attempt.self_edit.text.strip() for attempt in attempts),
    )
    check_summary(path, published=overall, found=recomputed(articles))
    return articles


def _ragged(row: _Article, place: str) -> Iterator[str]:
    """The places whose questions differ from those of the first self-edit and repeat."""
    first = [query.question for query in _context(row).queries]
    for number, completion in enumerate(row.completions):
        for repeat in dict.fromkeys(each.rep for each in completion.questions):
            if [each.question for each in completion.questions if each.rep == repeat] != first:
                yield f"{place}.completions.{number}: the questions of rep {repeat} differ from those of the first rep"


def _attempts(row: _Article, *, by_lines: bool) -> Iterator[Attempt]:
    context = _context(row)
    for index, completion in enumerate(row.completions):
        evaluations = tuple(_evaluations(completion, adapted=True))
        baseline = next(_evaluations(completion, adapted=False))
        yield Attempt(
            context=context,
            self_edit=SelfEdit(context_id=context.id, index=index, text=completion.text, finished=True),
            plan=_plan(context, completion.text, by_lines=by_lines),
            baseline=baseline,
            evaluations=evaluations,
            reward=mean([round(accuracy(one) or 0.0, DIGITS) for one in evaluations]),
        )


def _plan(context: Context, text: str, *, by_lines: bool) -> Plan:
    """The training plan. A self-edit without text means that only the passage was used."""
    plan = titled_plan(context, split(text, by_lines=by_lines), append_passage=True)
    return Plan(sequences=()) if isinstance(plan, Invalid) else plan


def _context(row: _Article) -> Context:
    first = [each for each in row.completions[0].questions if each.rep == row.completions[0].questions[0].rep]
    queries = tuple(Query(question=each.question, prompt=each.question, target=each.answer) for each in first)
    text = row.context.strip()
    return Context(id=context_id(row.title.strip(), text), title=row.title.strip(), text=text, queries=queries)


def _evaluations(completion: _Completion, *, adapted: bool) -> Iterator[Evaluation]:
    """One evaluation per repeat, with verdicts in the order of the questions."""
    by_repeat: dict[int, list[Verdict]] = {}
    for each in completion.questions:
        answer, correct = (
            (each.adapter_answer, each.adapter_correct) if adapted else (each.baseline_answer, each.baseline_correct)
        )
        grade = Grade.CORRECT if correct else Grade.WRONG
        by_repeat.setdefault(each.rep, []).append(Verdict(grade=grade, answer=answer, grader=JUDGE))
    for repeat in sorted(by_repeat):
        yield Evaluation(seed=repeat, training=None, verdicts=tuple(by_repeat[repeat]))


def _unadapted(rows: Sequence[_Article]) -> dict[str, tuple[Evaluation, ...]]:
    return {
        _context(row).id: tuple(
            evaluation for completion in row.completions for evaluation in _evaluations(completion, adapted=False)
        )
        for row in rows
    }


def recomputed(articles: Articles) -> dict[str, float]:
    """The summary, computed again from the verdicts: means, and sample deviations of means."""
    by_context: dict[str, list[list[float]]] = {}
    for attempt in articles.attempts:
        known = [one for one in attempt.evaluations if isinstance(one, Evaluation)]
        by_context.setdefault(attempt.context.id, []).append([accuracy(one) or 0.0 for one in known])
    baselines = articles.baselines
    before = [baselines[context] for context in by_context]
    after = [mean([mean(repeats) or 0.0 for repeats in edits]) or 0.0 for edits in by_context.values()]
    over_edits = [sample_deviation([mean(repeats) or 0.0 for repeats in edits]) or 0.0 for edits in by_context.values()]
    within = [mean([sample_deviation(repeats) or 0.0 for repeats in edits]) or 0.0 for edits in by_context.values()]
    gains = [later - earlier for earlier, later in zip(before, after, strict=True)]
    return {
        "baseline_mean_accuracy": mean(before) or 0.0,
        "baseline_std_of_article_means": sample_deviation(before) or 0.0,
        "adapter_mean_accuracy": mean(after) or 0.0,
        "adapter_std_of_article_means": sample_deviation(after) or 0.0,
        "mean_adapter_std_over_completions": mean(over_edits) or 0.0,
        "mean_adapter_std_within_completions": mean(within) or 0.0,
        "mean_gain": mean(gains) or 0.0,
    }
