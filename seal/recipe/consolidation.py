"""One model from a whole corpus: trained, saved in the run's folder, and asked."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from seal.cluster.workload import Place
from seal.errors import RunError
from seal.recipe.budget import Budgeted, lasting
from seal.types import Answered, Context, Failure, Postponed, Training
from seal.work import Work
from seal.work.lab import Lab
from seal.work.trying import answered, ask

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation

ADAPTER, MERGED, CORPORA = "adapter", "model", "corpora"
"""Folders in the run's folder. The last holds models until they have been asked."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """The training data of one model, and the folder for the result."""

    name: str = "all"
    """Part of the training's key."""
    lesson: Budgeted
    folder: str = ADAPTER
    merged: bool = False
    """If true, the whole adapted model is saved too, in `model/`."""


@dataclass(frozen=True, kw_only=True)
class Consolidated:
    """The record of a training whose result is on disk."""

    training: Training


@dataclass(frozen=True, kw_only=True)
class Consolidating(Work[Corpus, Consolidated | Failure]):
    """The policy is adapted on a corpus, and the adapter or the weights are saved."""

    records: ClassVar[str] = "consolidations"
    result: ClassVar[Any] = Consolidated | Failure

    def key(self, unit: Corpus) -> str:
        return f"{self.policy.id}/{unit.name}"

    def place(self, lab: Lab) -> Place:
        return Place.LEARNER

    def batch_size(self, lab: Lab) -> int:
        return 1

    def do(self, lab: Lab, units: Sequence[Corpus]) -> list[Consolidated | Failure]:
        return [self._consolidate(lab, unit) for unit in units]

    def _consolidate(self, lab: Lab, corpus: Corpus) -> Consolidated | Failure:
        backbone = lab.backbones.get(self.policy)
        plan = lasting(lab.run.inner, backbone, corpus.lesson)
        [outcome] = lab.run.inner.adapt(backbone, [plan], [self.seed(lab, corpus)])
        if isinstance(outcome, Failure):
            return outcome
        assert outcome.adapter is not None, "the run was checked: its inner loop adapts"
        assert outcome.training is not None
        with lab.store.draft_of(corpus.folder) as folder:
            outcome.adapter.save(folder, base_model=lab.run.model.path)
            backbone.tokenizer.save_pretrained(folder)
        return Consolidated(training=outcome.training)


def trained(lab: Lab, name: str) -> "Adaptation":
    """Load the adapter, or the weights, of a corpus from its folder.

    Raises:
        RunError: it is gone.
    """
    return lab.run.inner.load(_folder_of(lab, name))


def _folder_of(lab: Lab, name: str) -> Path:
    folder = lab.store.folder / name
    if not folder.is_dir():
        raise RunError(
            f"{folder} is gone, and the run still needs it: remove the records of its training from "
            f"{lab.store.folder / Consolidating.records}.jsonl too, and it is trained again"
        )
    return folder


def hand_out(lab: Lab, name: str) -> None:
    """Copy the adapter of a corpus to where adapters are handed out; a resumed run may have done so already.

    Raises:
        RunError: it is gone.
    """
    if not (lab.store.folder / name).is_dir() and (lab.store.folder / ADAPTER).is_dir():
        return
    with lab.store.draft_of(ADAPTER) as draft:
        shutil.copytree(_folder_of(lab, name), draft, dirs_exist_ok=True)


@dataclass(frozen=True, kw_only=True)
class AskingConsolidated(Work[Context, Answered]):
    """The consolidated model answers the queries of each context."""

    records: ClassVar[str] = "answers"
    result: ClassVar[Any] = Answered | Failure

    source: str = "consolidated/0"
    """Part of the key: the training and its repeat, for example `corpus_passage_only/1`."""
    folder: str = ADAPTER

    def key(self, unit: Context) -> str:
        return f"{self.policy.id}/{unit.id}/{self.source}"

    def batch_size(self, lab: Lab) -> int:
        """The batch size of the engine. One model answers all contexts, and is loaded once per batch."""
        return lab.run.engine.batch_size

    def do(self, lab: Lab, units: Sequence[Context]) -> Sequence[Answered | Postponed[Answered]]:
        adapter = trained(lab, self.folder)
        seeds = [self.seed(lab, unit) for unit in units]
        answers = ask(lab, self.policy, units, [adapter] * len(units), seeds)
        return [answered(of_context, seed=seed, training=None) for seed, of_context in zip(seeds, answers, strict=True)]
