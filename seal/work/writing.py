"""A policy writes self-edits. A reward that needs ratings has them read and rated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from seal.choices import Choices
from seal.cluster.workload import Place
from seal.engine import Request
from seal.engine.reading import without_thoughts
from seal.self_edit import Assignment
from seal.types import (
    Attempt,
    Completion,
    Context,
    Policy,
    Postponed,
    Rating,
    Sampling,
    SelfEdit,
    Unavailable,
)
from seal.work import Work
from seal.work.lab import Lab


def writing_by(run: Choices, policy: Policy) -> str:
    """What the phase is called in which self-edits come about: not every one is written by the policy."""
    author = run.self_edit.author(run)
    if author.by == "policy":
        return f"{policy.id}: writing self-edits"
    return f"{author.name}: writing self-edits" if author.by == "model" else f"taking {author.self_edits}"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Self-edit number `index` about a context, before it is written."""

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

    def place(self, lab: Lab) -> Place:
        return Place.WORKERS if (lab.run.writer or lab.run.engine).serves_policies else Place.COORDINATOR

    def batch_size(self, lab: Lab) -> int:
        return (lab.run.writer or lab.run.engine).batch_size

    def rounds_together(self, lab: Lab) -> bool:
        return (lab.run.writer or lab.run.engine).repeats_batches

    def do(self, lab: Lab, units: Sequence[Proposal]) -> Sequence[SelfEdit | Postponed[SelfEdit]]:
        def go_on(prompts: Sequence[tuple[str, int]], sampling: Sampling) -> Sequence[Completion | Unavailable]:
            requests = [Request(prompt=prompt, seed=seed) for prompt, seed in prompts]
            written = lab.writer(self.policy).generate(requests, sampling)
            return [each if isinstance(each, Unavailable) else without_thoughts(each) for each in written]

        assignments = [Assignment(context=unit.context, index=unit.index, seed=self.seed(lab, unit)) for unit in units]
        written = lab.run.self_edit.write(assignments, go_on)
        return [self._self_edit(unit, text) for unit, text in zip(units, written, strict=True)]

    def _self_edit(self, unit: Proposal, written: Completion | Unavailable) -> SelfEdit | Postponed[SelfEdit]:
        if isinstance(written, Unavailable):
            return Postponed(reason=written.reason)
        completion = without_thoughts(written)
        return SelfEdit(
            context_id=unit.context.id,
            index=unit.index,
            text=completion.text,
            finished=completion.finished,
            thought=completion.thought,
            failure=completion.failure,
        )


@dataclass(frozen=True, kw_only=True)
class Reading(Work[Attempt, Rating]):
    """The rater of the reward reads self-edits and gives them points."""

    records: ClassVar[str] = "ratings"
    result: ClassVar[Any] = Rating

    def key(self, unit: Attempt) -> str:
        return f"{self.policy.id}/{unit.name}"

    def place(self, lab: Lab) -> Place:
        return Place.COORDINATOR

    def batch_size(self, lab: Lab) -> int:
        return 64

    def rounds_together(self, lab: Lab) -> bool:
        return False

    def do(self, lab: Lab, units: Sequence[Attempt]) -> Sequence[Rating | Postponed[Rating]]:
        read = [(unit.context, unit.self_edit) for unit in units if not unit.self_edit.failure]
        ratings = iter(lab.run.outer.reward.rate(read, partial(lab.spend, "ratings")))
        return [
            Rating(scores={}, reason=unit.self_edit.failure) if unit.self_edit.failure else _settled(next(ratings))
            for unit in units
        ]

    def may_settle(self, lab: Lab, units: Sequence[Attempt], postponed: Sequence[Postponed[Rating]]) -> bool:
        """True: an unreadable reply leaves a self-edit without a rating. Such a self-edit is never kept."""
        return True


def _settled(rating: Rating | Unavailable) -> Rating | Postponed[Rating]:
    if isinstance(rating, Unavailable):
        return Postponed(reason=rating.reason)
    return rating if rating.scores else Postponed(reason=rating.reason, instead=rating)
