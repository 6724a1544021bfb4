"""A policy learns from the selected self-edits and becomes the next policy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from seal.cluster.workload import Place
from seal.errors import RunError
from seal.outer.learner import Example, Learned
from seal.types import Attempt, Update, Weighted
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
        learned_from = [one for one in lab.run.outer.lessons(lesson.attempts) if one.weight]
        following = self.policy.round + 1
        if not learned_from:
            return Update(round=following, kept=(), losses=(), weights=self.policy.weights, sha256=None)
        examples = [
            Example(
                prompt=lab.run.self_edit.prompt(one.attempt.context),
                completion=one.attempt.self_edit.text,
                finished=one.attempt.self_edit.finished,
                weight=one.weight,
            )
            for one in learned_from
        ]
        weights = f"policies/round_{following}"
        with lab.store.draft_of(weights) as folder:
            learned = lab.run.outer.learner.learn(
                lab.backbones.take(self.policy), examples, folder, self.seed(lab, lesson)
            )
        self._read_back(lab, weights, learned)
        return Update(
            round=following,
            kept=tuple(one.attempt.name for one in learned_from if one.weight > 0),
            losses=learned.losses,
            weights=weights,
            sha256=learned.sha256,
            signed=signed_weights(learned_from),
        )

    def _read_back(self, lab: Lab, weights: str, learned: Learned) -> None:
        """Load the next policy, as whoever acts by it will.

        Raises:
            RunError: it is not what was learned.
        """
        network = lab.loaded_again(replace(self.policy, weights=weights)).model
        agreement = learned.measured.agreement(network) if learned.measured else None
        if agreement and not agreement.holds:
            raise RunError(f"{lab.store.folder / weights}: its logits are not those of what was learned: {agreement}")


def signed_weights(lessons: Sequence[Weighted]) -> dict[str, float]:
    """The weight of each self-edit; nothing where all have the same weight 1. One that stands twice has the sum."""
    found: dict[str, float] = {}
    for one in lessons:
        found[one.attempt.name] = found.get(one.attempt.name, 0.0) + one.weight
    return {} if all(weight == 1 for weight in found.values()) else found
