"""The units of work of a run: what names each of them, and how a batch of them is done.

Three kinds, one for each verb of the method: the policy proposes self-edits, plans are tried out (adapt, answer,
grade), a policy learns. A unit is a plain value, so that it can be done in another process on another machine.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from seal.engine import Request
from seal.inner import Adapted
from seal.lab import Lab
from seal.outer import Example
from seal.seeds import derive
from seal.types import Attempt, Context, Evaluation, Failure, Plan, Policy, SelfEdit, Update, Verdict

if TYPE_CHECKING:
    from seal.adapters import Adapter

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

    def cost(self, unit: Unit) -> int:
        """Roughly how much there is to do, in any measure. Units of like cost are done together, the longest first."""
        return 0

    @abstractmethod
    def do(self, lab: Lab, units: Sequence[Unit]) -> list[Result]:
        """One result a unit, in order."""


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
        return lab.run.engine.batch_size

    def do(self, lab: Lab, units: Sequence[Proposal]) -> list[SelfEdit]:
        requests = [Request(prompt=lab.run.self_edit.prompt(unit.context), seed=self.seed(lab, unit)) for unit in units]
        completions = lab.generator(self.policy).generate(requests, lab.run.self_edit.sampling)
        return [
            SelfEdit(context_id=unit.context.id, index=unit.index, text=completion.text, finished=completion.finished)
            for unit, completion in zip(units, completions, strict=True)
        ]


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
class TryingOut(Work[Trial, Evaluation | Failure]):
    """Models are adapted, asked and graded."""

    records: ClassVar[str] = "evaluations"
    result: ClassVar[Any] = Evaluation | Failure

    def key(self, unit: Trial) -> str:
        return f"{self.policy.id}/{unit.context.id}/{unit.source}/{unit.repeat}"

    def cost(self, unit: Trial) -> int:
        return sum(len(sequence.text) for sequence in unit.plan.sequences) if unit.plan else 0

    def batch_size(self, lab: Lab) -> int:
        return lab.run.inner.slots

    def do(self, lab: Lab, units: Sequence[Trial]) -> list[Evaluation | Failure]:
        adapted = self._adapt(lab, units)
        asked = [(unit, outcome) for unit, outcome in zip(units, adapted, strict=True) if isinstance(outcome, Adapted)]
        verdicts = iter(
            ask(
                lab,
                self.policy,
                [unit.context for unit, _ in asked],
                [outcome.adapter for _, outcome in asked],
                [self.seed(lab, unit) for unit, _ in asked],
            )
        )
        return [
            outcome
            if isinstance(outcome, Failure)
            else Evaluation(seed=self.seed(lab, unit), training=outcome.training, verdicts=next(verdicts))
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
    adapters: Sequence["Adapter | None"],
    seeds: Sequence[int],
) -> list[tuple[Verdict, ...]]:
    """All queries of each context, put to the policy with the adapter that stands beside it, and graded."""
    requests = [
        Request(prompt=query.prompt, seed=seed, adapter=adapter)
        for context, adapter, seed in zip(contexts, adapters, seeds, strict=True)
        for query in context.queries
    ]
    completions = lab.generator(policy).generate(requests, lab.run.task.answering) if requests else []
    queries = [query for context in contexts for query in context.queries]
    texts = [completion.text for completion in completions]
    graded = lab.run.grader.grade(queries, [lab.run.task.answer_in(text) for text in texts])
    verdicts = (
        verdict if verdict.answer == text else replace(verdict, written=text)
        for verdict, text in zip(graded, texts, strict=True)
    )
    return [tuple(next(verdicts) for _ in context.queries) for context in contexts]


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
        names = tuple(f"{attempt.context.id}/{attempt.self_edit.index}" for attempt in kept)
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
