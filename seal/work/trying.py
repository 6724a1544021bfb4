"""Tries plans out: each plan adapts the model, which then answers queries. Grading happens elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from seal.base.seeds import derive
from seal.cluster.workload import Place
from seal.engine import Request
from seal.engine.reading import without_thoughts
from seal.inner import Adapted
from seal.types import (
    Answered,
    Completion,
    Context,
    Failure,
    Plan,
    Policy,
    Postponed,
    Training,
    Unavailable,
)
from seal.work import Work
from seal.work.lab import Lab

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation


TRYING = "training on self-edits, asking"
"""The title of the phase that tries self-edits out."""


def phase_of(policy: Policy, title: str) -> str:
    """The title of work with a policy, for the progress display and the metrics."""
    return f"{policy.id}: {title}"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A model to try out on all queries of a context: adapted by a plan, or unadapted."""

    context: Context
    source: str
    """The source of the plan, for example `edit_3`, `passage` or `unadapted`."""
    plan: Plan | None = None
    """None for the unadapted model."""
    repeat: int = 0


@dataclass(frozen=True, kw_only=True)
class TryingOut(Work[Trial, Answered | Failure]):
    """Models are adapted, and answer queries."""

    records: ClassVar[str] = "answers"
    result: ClassVar[Any] = Answered | Failure

    def key(self, unit: Trial) -> str:
        return f"{self.policy.id}/{unit.context.id}/{unit.source}/{unit.repeat}"

    def cost(self, unit: Trial) -> int:
        return sum(len(sequence.text) for sequence in unit.plan.sequences) if unit.plan else 0

    def place(self, lab: Lab) -> Place:
        return Place.WORKERS if lab.run.engine.serves_policies else Place.COORDINATOR

    def batch_size(self, lab: Lab) -> int:
        return lab.run.inner.slots

    def rounds_together(self, lab: Lab) -> bool:
        return lab.run.inner.adapts or lab.run.engine.repeats_batches

    def do(self, lab: Lab, units: Sequence[Trial]) -> Sequence[Answered | Failure | Postponed[Answered | Failure]]:
        seeds = [self.seed(lab, unit) for unit in units]
        planned = [(unit, unit.plan, seed) for unit, seed in zip(units, seeds, strict=True) if unit.plan is not None]
        trained = iter(
            lab.run.inner.adapt(
                lab.backbones.get(self.policy),
                [plan for _, plan, _ in planned],
                [seed for _, _, seed in planned],
                starts_of(lab, [unit for unit, _, _ in planned]),
            )
            if planned
            else []
        )
        adapted = [next(trained) if unit.plan else Adapted(adapter=None, training=None) for unit in units]
        asked = [
            (unit, seed, outcome)
            for unit, seed, outcome in zip(units, seeds, adapted, strict=True)
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
            outcome if isinstance(outcome, Failure) else answered(next(answers), seed=seed, training=outcome.training)
            for seed, outcome in zip(seeds, adapted, strict=True)
        ]


def starts_of(lab: Lab, trials: Sequence[Trial]) -> list[int] | None:
    """The seeds of the adapters' initial weights; None if each adapter has its own.

    With shared starts, all adapters of one context start equal, over self-edits, repeats and rounds.
    """
    if not lab.run.inner.shares_start:
        return None
    return [derive(lab.run.seed, "start", trial.context.id) for trial in trials]


def ask(
    lab: Lab,
    policy: Policy,
    contexts: Sequence[Context],
    adapters: Sequence["Adaptation | None"],
    seeds: Sequence[int],
) -> list[tuple[Completion, ...] | Unavailable]:
    """Ask the policy all queries of each context, with the adapter at the same index."""
    task = lab.run.task
    prompts = [[prompt for query in each.queries for prompt in task.prompts(each, query)] for each in contexts]
    requests = [
        Request(prompt=prompt, seed=derive(seed, "answer", number), adapter=adapter)
        for of_context, adapter, seed in zip(prompts, adapters, seeds, strict=True)
        for number, prompt in enumerate(of_context)
    ]
    written = lab.generator(policy).generate(requests, task.answering) if requests else []
    completions = (each if isinstance(each, Unavailable) else without_thoughts(each) for each in written)
    return [_all_or_none([next(completions) for _ in of_context]) for of_context in prompts]


def _all_or_none(completions: Sequence[Completion | Unavailable]) -> tuple[Completion, ...] | Unavailable:
    """All completions, or the first reason why one is missing."""
    for completion in completions:
        if isinstance(completion, Unavailable):
            return completion
    return tuple(completion for completion in completions if isinstance(completion, Completion))


def answered(
    answers: tuple[Completion, ...] | Unavailable, *, seed: int, training: Training | None
) -> Answered | Postponed[Any]:
    """The answers of one model, or a postponement if it has to be asked again."""
    if isinstance(answers, Unavailable):
        return Postponed(reason=answers.reason)
    return Answered(
        seed=seed,
        training=training,
        answers=tuple(answer.text for answer in answers),
        cut=tuple(number for number, answer in enumerate(answers) if not answer.finished),
        thoughts={number: answer.thought for number, answer in enumerate(answers) if answer.thought},
        failures={number: answer.failure for number, answer in enumerate(answers) if answer.failure},
    )
