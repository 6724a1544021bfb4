"""A policy learns from the selected self-edits and becomes the next policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from seal.cluster.workload import Place
from seal.outer.learner import Example
from seal.types import (
    Attempt,
    Update,
)
from seal.work import Work
from seal.work.lab import Lab


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

    def place(self, lab: Lab) -> Place:
        return Place.LEARNER

    def batch_size(self, lab: Lab) -> int:
        return 1

    def do(self, lab: Lab, units: Sequence[Lesson]) -> list[Update]:
        return [self._learn(lab, unit) for unit in units]

    def _learn(self, lab: Lab, lesson: Lesson) -> Update:
        """Move the policy by the lessons. Without lessons the policy stays the same, and the update says so."""
        kept = [one for one in lab.run.outer.lessons(lesson.attempts) if one.weight]
        names = tuple(one.attempt.name for one in kept)
        following = self.policy.round + 1
        if not kept:
            return Update(round=following, kept=(), losses=(), weights=self.policy.weights, sha256=None)
        examples = [
            Example(
                prompt=lab.run.self_edit.prompt(one.attempt.context),
                completion=one.attempt.self_edit.text,
                finished=one.attempt.self_edit.finished,
                weight=one.weight,
            )
            for one in kept
        ]
        weights = f"policies/round_{following}"
        with lab.store.draft_of(weights) as folder:
            learned = lab.run.outer.learner.learn(
                lab.backbones.take(self.policy), examples, folder, self.seed(lab, lesson)
            )
        return Update(round=following, kept=names, losses=learned.losses, weights=weights, sha256=learned.sha256)
