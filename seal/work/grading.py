"""Grades answers. This is separate from answering, so that a judge that does not reply costs no training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from seal.cluster.workload import Place
from seal.grader import verdicts_of
from seal.task import Task
from seal.types import Answered, Completion, Context, Evaluation, Failure, Grade, Postponed, Query, Verdict
from seal.work import Work
from seal.work.lab import Lab

NOBODY = "nobody"
"""The grader's name for queries without a right answer. Their verdicts stay unknown, and nobody is asked again."""

NO_ANSWER = "no answer"
"""Stands for the grader where a model gave no answer that means anything: a failure, and never a score."""
_OWE_NOTHING = (NOBODY, NO_ANSWER)


@dataclass(frozen=True, kw_only=True)
class ToGrade:
    """The answers of one model to the queries of a context, before grading."""

    key: str
    """The key of the unit that gave the answers."""
    context: Context
    answered: Answered | Failure


@dataclass(frozen=True, kw_only=True)
class Grading(Work[ToGrade, Evaluation | Failure]):
    """Answers get their verdicts from the grader."""

    records: ClassVar[str] = "evaluations"
    result: ClassVar[Any] = Evaluation | Failure

    def key(self, unit: ToGrade) -> str:
        return unit.key

    def place(self, lab: Lab) -> Place:
        return Place.COORDINATOR

    def batch_size(self, lab: Lab) -> int:
        return 256

    def rounds_together(self, lab: Lab) -> bool:
        return False

    def do(
        self, lab: Lab, units: Sequence[ToGrade]
    ) -> Sequence[Evaluation | Failure | Postponed[Evaluation | Failure]]:
        answers = [list(_answers(lab.run.task, unit.context, unit.answered)) for unit in units]
        given = [answer for of_unit in answers for answer in of_unit if answer.is_gradable]
        spend = partial(lab.spend, "judge")
        queries, said = [each.query for each in given], [each.answer for each in given]
        verdicts = iter(verdicts_of(lab.run.grader, queries, said, spend))
        return [
            unit.answered
            if isinstance(unit.answered, Failure)
            else _graded(unit.answered, [_verdict(each, verdicts) for each in of_unit])
            for unit, of_unit in zip(units, answers, strict=True)
        ]

    def may_settle(
        self, lab: Lab, units: Sequence[ToGrade], postponed: Sequence[Postponed[Evaluation | Failure]]
    ) -> bool:
        n_answers = sum(len(unit.answered.answers) for unit in units if isinstance(unit.answered, Answered))
        unknown = [
            verdict
            for each in postponed
            if isinstance(each.instead, Evaluation)
            for verdict in _unknown(each.instead.verdicts)
        ]
        return len(unknown) <= lab.run.grader.max_unknown * n_answers


@dataclass(frozen=True, kw_only=True)
class _Given:
    """A model's answer to a query, written as one text or several."""

    query: Query
    written: tuple[Completion, ...]
    answer: str
    failure: str
    """Why there is no answer, where none of the texts is one."""

    @property
    def is_gradable(self) -> bool:
        return bool(self.query.target) and not self.failure


def _answers(task: Task, context: Context, answered: Answered | Failure) -> Iterator[_Given]:
    """The answer to each query, in order."""
    if isinstance(answered, Failure):
        return
    completions = iter(answered.completions)
    for query in context.queries:
        own = tuple(next(completions) for _ in task.prompts(context, query))
        failure = own[0].failure if all(each.failure for each in own) else ""
        answer = "" if failure else task.answer_of(context, query, own)
        yield _Given(query=query, written=own, answer=answer, failure=failure)


def _graded(answered: Answered, verdicts: Sequence[Verdict]) -> Evaluation | Postponed[Evaluation | Failure]:
    """The answers with their verdicts. A single missing verdict postpones all of them."""
    evaluation = Evaluation(seed=answered.seed, training=answered.training, verdicts=tuple(verdicts))
    unknown = _unknown(verdicts)
    return Postponed(reason=unknown[0].reason, instead=evaluation) if unknown else evaluation


def _unknown(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that a grader failed to give."""
    return [verdict for verdict in verdicts if verdict.grade is Grade.UNKNOWN and verdict.grader not in _OWE_NOTHING]


def _verdict(given: _Given, verdicts: Iterator[Verdict]) -> Verdict:
    """The next verdict, or an unknown one if the query has no right answer, or the model gave none.

    If the answer is only a part of the text, the verdict also keeps the whole text.
    """
    if given.failure:
        return Verdict(grade=Grade.UNKNOWN, answer="", grader=NO_ANSWER, reason=given.failure)
    untold = Verdict(grade=Grade.UNKNOWN, answer=given.answer, grader=NOBODY, reason="what is right is not known")
    verdict = next(verdicts) if given.query.target else untold
    is_part = len(given.written) == 1 and given.written[0].text != verdict.answer
    return replace(verdict, written=given.written[0].text) if is_part else verdict
