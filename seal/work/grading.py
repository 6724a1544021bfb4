"""Answers are graded, apart from being given: a judge that is silent costs no training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from seal.cluster import Place
from seal.lab import Lab
from seal.types import (
    Answered,
    Context,
    Evaluation,
    Failure,
    Grade,
    Postponed,
    Verdict,
)
from seal.work import Work


@dataclass(frozen=True, kw_only=True)
class ExamPaper:
    """The answers of one model to the queries of a context, not graded yet."""

    key: str
    """Of the work that gave the answers."""
    context: Context
    answered: Answered | Failure


@dataclass(frozen=True, kw_only=True)
class Grading(Work[ExamPaper, Evaluation | Failure]):
    """Answers get their verdicts."""

    records: ClassVar[str] = "evaluations"
    result: ClassVar[Any] = Evaluation | Failure

    def key(self, unit: ExamPaper) -> str:
        return unit.key

    def place(self, lab: Lab) -> Place:
        return Place.COORDINATOR

    def batch_size(self, lab: Lab) -> int:
        return 256

    def rounds_together(self, lab: Lab) -> bool:
        return False

    def do(
        self, lab: Lab, units: Sequence[ExamPaper]
    ) -> Sequence[Evaluation | Failure | Postponed[Evaluation | Failure]]:
        pairs = [
            (query, lab.run.task.answer_in(text))
            for unit in units
            if isinstance(unit.answered, Answered)
            for query, text in zip(unit.context.queries, unit.answered.answers, strict=True)
        ]
        spend = partial(lab.spend, "judge")
        verdicts = iter(lab.run.grader.grade([query for query, _ in pairs], [answer for _, answer in pairs], spend))
        return [
            unit.answered if isinstance(unit.answered, Failure) else _graded(unit.answered, verdicts) for unit in units
        ]

    def may_settle(
        self, lab: Lab, units: Sequence[ExamPaper], postponed: Sequence[Postponed[Evaluation | Failure]]
    ) -> bool:
        n_answers = sum(len(unit.answered.answers) for unit in units if isinstance(unit.answered, Answered))
        unknown = [
            verdict
            for each in postponed
            if isinstance(each.instead, Evaluation)
            for verdict in each.instead.verdicts
            if verdict.grade is Grade.UNKNOWN
        ]
        return len(unknown) <= lab.run.grader.max_unknown * n_answers


def _graded(answered: Answered, verdicts: Iterator[Verdict]) -> Evaluation | Postponed[Evaluation | Failure]:
    """The answers with as many of the verdicts as they need. One without a verdict postpones all of them."""
    own = tuple(_with_text(verdict, text) for text, verdict in zip(answered.answers, verdicts, strict=False))
    evaluation = Evaluation(seed=answered.seed, training=answered.training, verdicts=own)
    unknown = [verdict for verdict in own if verdict.grade is Grade.UNKNOWN]
    return Postponed(reason=unknown[0].reason, instead=evaluation) if unknown else evaluation


def _with_text(verdict: Verdict, text: str) -> Verdict:
    """The verdict with all that the model wrote, where the answer is only a part of it."""
    return verdict if verdict.answer == text else replace(verdict, written=text)
