"""The units of work of a run: what names each of them, and how a batch of them is done.

Four kinds, one for each verb of the method: the policy proposes self-edits, plans are tried out (adapt, answer),
answers are graded, a policy learns. A unit is a plain value, so that it can be done by another process elsewhere.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from seal.engine import Request
from seal.inner import Adapted
from seal.lab import Lab
from seal.outer import Example
from seal.seeds import derive
from seal.self_edit import Assignment
from seal.types import (
    Answered,
    Attempt,
    Completion,
    Context,
    Evaluation,
    Failure,
    Grade,
    Plan,
    Policy,
    Postponed,
    Rating,
    Sampling,
    SelfEdit,
    Training,
    Unavailable,
    Update,
    Verdict,
)

if TYPE_CHECKING:
    from seal.adaptation import Adaptation

Unit = TypeVar("Unit")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Work(ABC, Generic[Unit, Result]):
    """A kind of work by one policy."""

    records: ClassVar[str]
    """The kind of its records in the store."""
    result: ClassVar[Any]
    """The type of a result."""

    policy: Policy
    title: str
    """For the people who watch."""

    @abstractmethod
    def key(self, unit: Unit) -> str:
        """A name made of all that determines the result, given the run's configuration."""

    def seed(self, lab: Lab, unit: Unit) -> int:
        return derive(lab.run.seed, self.records, self.key(unit))

    @abstractmethod
    def batch_size(self, lab: Lab) -> int:
        """How many units are done together. Batches are cut from all units, done or not, so that rounding in a batch
        does not depend on when a run was interrupted."""

    def rounds_together(self, lab: Lab) -> bool:
        """Whether results depend by rounding on who else is in a batch. If not, only what is missing is done."""
        return True

    def cost(self, unit: Unit) -> int:
        """Roughly how much there is to do, in any measure. Units of like cost are done together, the longest first."""
        return 0

    @abstractmethod
    def do(self, lab: Lab, units: Sequence[Unit]) -> "Sequence[Result | Postponed[Result]]":
        """One result a unit, in order. What somebody else has to do, and did not, is postponed."""

    def may_settle(self, lab: Lab, units: Sequence[Unit], postponed: "Sequence[Postponed[Result]]") -> bool:
        """Whether these of the units, postponed twice, may be recorded as they stand."""
        return False


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Self-edit number `index` about a context, not written yet."""

    context: Context
    index: int


@dataclass(frozen=True, kw_only=True)
class Proposing(Work[Proposal, SelfEdit]):
    """The policy writes self-edits."""

    records: ClassVar[str] = "self_edits"
    result: ClassVar[Any] = SelfEdit

    def key(self, unit: Proposal) -> str:
        return f"{self.policy.id}/{unit.context.id}/{unit.index}"

    def cost(self, unit: Proposal) -> int:
        return len(unit.context.text)

    def batch_size(self, lab: Lab) -> int:
        return (lab.run.writer or lab.run.engine).batch_size

    def rounds_together(self, lab: Lab) -> bool:
        return (lab.run.writer or lab.run.engine).repeats_batches

    def do(self, lab: Lab, units: Sequence[Proposal]) -> Sequence[SelfEdit | Postponed[SelfEdit]]:
        def go_on(prompts: Sequence[tuple[str, int]], sampling: Sampling) -> Sequence[Completion | Unavailable]:
            requests = [Request(prompt=prompt, seed=seed) for prompt, seed in prompts]
            return lab.writer(self.policy).generate(requests, sampling)

        assignments = [Assignment(context=unit.context, index=unit.index, seed=self.seed(lab, unit)) for unit in units]
        written = lab.run.self_edit.write(assignments, go_on)
        return [self._self_edit(unit, text) for unit, text in zip(units, written, strict=True)]

    def _self_edit(self, unit: Proposal, completion: Completion | Unavailable) -> SelfEdit | Postponed[SelfEdit]:
        if isinstance(completion, Unavailable):
            return Postponed(reason=completion.reason)
        return SelfEdit(
            context_id=unit.context.id, index=unit.index, text=completion.text, finished=completion.finished
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A model to be made and asked all queries of a context: by a plan, or the policy as it is."""

    context: Context
    source: str
    """Where the plan comes from, for example `edit_3`, `passage` or `unadapted`."""
    plan: Plan | None = None
    """None for the unadapted model."""
    repeat: int = 0


@dataclass(frozen=True, kw_only=True)
class TryingOut(Work[Trial, Answered | Failure]):
    """Models are adapted and asked."""

    records: ClassVar[str] = "answers"
    result: ClassVar[Any] = Answered | Failure

    def key(self, unit: Trial) -> str:
        return f"{self.policy.id}/{unit.context.id}/{unit.source}/{unit.repeat}"

    def cost(self, unit: Trial) -> int:
        return sum(len(sequence.text) for sequence in unit.plan.sequences) if unit.plan else 0

    def batch_size(self, lab: Lab) -> int:
        return lab.run.inner.slots

    def do(self, lab: Lab, units: Sequence[Trial]) -> Sequence[Answered | Failure | Postponed[Answered | Failure]]:
        adapted = self._adapt(lab, units)
        asked = [
            (unit, self.seed(lab, unit), outcome)
            for unit, outcome in zip(units, adapted, strict=True)
            if isinstance(outcome, Adapted)
        ]
        answers = iter(
            ask(
                lab,
                self.policy,
                [unit.context for unit, _, _ in asked],
                [outcome.adapter for _, _, outcome in asked],
                [seed for _, seed, _ in asked],
            )
        )
        return [
            outcome
            if isinstance(outcome, Failure)
            else answered(next(answers), seed=self.seed(lab, unit), training=outcome.training)
            for unit, outcome in zip(units, adapted, strict=True)
        ]

    def _adapt(self, lab: Lab, units: Sequence[Trial]) -> list[Adapted | Failure]:
        planned = [unit for unit in units if unit.plan is not None]
        if not planned:
            return [Adapted(adapter=None, training=None) for _ in units]
        outcomes = iter(
            lab.run.inner.adapt(
                lab.backbones.get(self.policy),
                [unit.plan for unit in planned if unit.plan is not None],
                [self.seed(lab, unit) for unit in planned],
            )
        )
        return [next(outcomes) if unit.plan else Adapted(adapter=None, training=None) for unit in units]


def ask(
    lab: Lab,
    policy: Policy,
    contexts: Sequence[Context],
    adapters: Sequence["Adaptation | None"],
    seeds: Sequence[int],
) -> list[tuple[str, ...] | Unavailable]:
    """The answers to all queries of each context, put to the policy with the adapter that stands beside it."""
    requests = [
        Request(prompt=query.prompt, seed=seed, adapter=adapter)
        for context, adapter, seed in zip(contexts, adapters, seeds, strict=True)
        for query in context.queries
    ]
    completions = iter(lab.generator(policy).generate(requests, lab.run.task.answering) if requests else [])
    return [_texts([next(completions) for _ in context.queries]) for context in contexts]


def _texts(completions: Sequence[Completion | Unavailable]) -> tuple[str, ...] | Unavailable:
    """The texts of all, or why there is none of one."""
    for completion in completions:
        if isinstance(completion, Unavailable):
            return completion
    return tuple(completion.text for completion in completions if isinstance(completion, Completion))


def answered(
    answers: tuple[str, ...] | Unavailable, *, seed: int, training: Training | None
) -> Answered | Postponed[Any]:
    """What one model said, or that it has to be asked again."""
    if isinstance(answers, Unavailable):
        return Postponed(reason=answers.reason)
    return Answered(seed=seed, training=training, answers=answers)


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


@dataclass(frozen=True, kw_only=True)
class Reading(Work[Attempt, Rating]):
    """Self-edits are read by whom the reward names, and get points."""

    records: ClassVar[str] = "ratings"
    result: ClassVar[Any] = Rating

    def key(self, unit: Attempt) -> str:
        return f"{self.policy.id}/{unit.name}"

    def batch_size(self, lab: Lab) -> int:
        return 64

    def rounds_together(self, lab: Lab) -> bool:
        return False

    def do(self, lab: Lab, units: Sequence[Attempt]) -> Sequence[Rating | Postponed[Rating]]:
        pairs = [(unit.context, unit.self_edit) for unit in units]
        ratings = lab.run.outer.reward.rate(pairs, partial(lab.spend, "ratings"))
        return [_settled(rating) for rating in ratings]

    def may_settle(self, lab: Lab, units: Sequence[Attempt], postponed: Sequence[Postponed[Rating]]) -> bool:
        """A reader that cannot be understood leaves a self-edit without a rating; it is never kept."""
        return True


def _settled(rating: Rating | Unavailable) -> Rating | Postponed[Rating]:
    if isinstance(rating, Unavailable):
        return Postponed(reason=rating.reason)
    return rating if rating.scores else Postponed(reason=rating.reason, instead=rating)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """The attempts that a policy may learn from."""

    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, kw_only=True)
class Learning(Work[Lesson, Update]):
    """A policy becomes the next one."""

    records: ClassVar[str] = "updates"
    result: ClassVar[Any] = Update

    def key(self, unit: Lesson) -> str:
        return self.policy.id

    def batch_size(self, lab: Lab) -> int:
        return 1

    def do(self, lab: Lab, units: Sequence[Lesson]) -> list[Update]:
        return [self._learn(lab, unit) for unit in units]

    def _learn(self, lab: Lab, lesson: Lesson) -> Update:
        """Without anything worth learning the policy stays as it is, and the update says so."""
        kept = lab.run.outer.select(lesson.attempts)
        names = tuple(attempt.name for attempt in kept)
        following = self.policy.round + 1
        if not kept:
            return Update(round=following, kept=(), losses=(), weights=self.policy.weights, sha256=None)
        examples = [
            Example(
                prompt=lab.run.self_edit.prompt(attempt.context),
                completion=attempt.self_edit.text,
                finished=attempt.self_edit.finished,
            )
            for attempt in kept
        ]
        weights = f"policies/round_{following}"
        with lab.store.draft_of(weights) as folder:
            learned = lab.run.outer.learn(lab.backbones.take(self.policy), examples, folder, self.seed(lab, lesson))
        return Update(round=following, kept=names, losses=learned.losses, weights=weights, sha256=learned.sha256)
