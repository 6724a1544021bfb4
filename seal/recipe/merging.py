"""One step of continual learning: the model is adapted by a plan, and the merged result becomes the next model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from seal.cluster.workload import Place
from seal.inner import Adapted
from seal.recipe.budget import Budgeted, lasting
from seal.recipe.merged_model import save_merged
from seal.types import Failure, Training
from seal.work import Work
from seal.work.lab import Lab


@dataclass(frozen=True, kw_only=True)
class Step:
    """The plan that adapts a policy, and the folder for the next model."""

    lesson: Budgeted
    folder: str


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The record of a step. The next model was on disk before it was written."""

    training: Training
    sha256: str
    """Hash of the weight files."""


@dataclass(frozen=True, kw_only=True)
class Merging(Work[Step, Merged | Failure]):
    """The inner loop turns a policy into the next one. Each policy takes one such step."""

    records: ClassVar[str] = "merges"
    result: ClassVar[Any] = Merged | Failure

    def key(self, unit: Step) -> str:
        return self.policy.id

    def place(self, lab: Lab) -> Place:
        return Place.LEARNER

    def batch_size(self, lab: Lab) -> int:
        return 1

    def do(self, lab: Lab, units: Sequence[Step]) -> list[Merged | Failure]:
        return [self._merge(lab, unit) for unit in units]

    def _merge(self, lab: Lab, step: Step) -> Merged | Failure:
        outcome = self._adapt(lab, step)
        if isinstance(outcome, Failure):
            return outcome
        assert outcome.adapter is not None, "the run was checked: its inner loop adapts"
        assert outcome.training is not None
        ids = lab.run.inner.first_tokens(lab.backbones.get(self.policy), step.lesson.plan)
        merged = save_merged(lab, self.policy, outcome.adapter, step.folder, ids)
        return Merged(training=outcome.training, sha256=merged.sha256)

    def _adapt(self, lab: Lab, step: Step) -> Adapted | Failure:
        backbone = lab.backbones.get(self.policy)
        plan = lasting(lab.run.inner, backbone, step.lesson)
        [outcome] = lab.run.inner.adapt(backbone, [plan], [self.seed(lab, step)])
        return outcome
