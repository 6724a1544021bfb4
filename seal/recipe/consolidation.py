"""One adapter from a whole corpus: made, saved in PEFT's format, merged if asked for, and asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from seal.lab import Lab
from seal.types import Answered, Context, Failure, Plan, Postponed, Training
from seal.work import Work, answered, ask

ADAPTER, MERGED = "adapter", "model"
"""Folders in the run's folder."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """What one adapter is to be made of."""

    plan: Plan
    merged: bool


@dataclass(frozen=True, kw_only=True)
class Consolidated:
    """The adapter is on disk."""

    training: Training


@dataclass(frozen=True, kw_only=True)
class Consolidating(Work[Corpus, Consolidated | Failure]):
    """The policy is adapted by a corpus, and the adapter kept."""

    records: ClassVar[str] = "consolidations"
    result: ClassVar[Any] = Consolidated | Failure

    def key(self, unit: Corpus) -> str:
        return f"{self.policy.id}/all"

    def batch_size(self, lab: Lab) -> int:
        return 1

    def do(self, lab: Lab, units: Sequence[Corpus]) -> list[Consolidated | Failure]:
        return [self._consolidate(lab, unit) for unit in units]

    def _consolidate(self, lab: Lab, corpus: Corpus) -> Consolidated | Failure:
        from seal.adapters import merge, save_peft
        from seal.backbone import save

        backbone = lab.backbones.get(self.policy)
        [outcome] = lab.run.inner.adapt(backbone, [corpus.plan], [self.seed(lab, corpus)])
        if isinstance(outcome, Failure):
            return outcome
        assert outcome.adapter is not None, "the run was checked: its inner loop makes adapters"
        assert outcome.training is not None
        with lab.store.draft_of(ADAPTER) as folder:
            save_peft(outcome.adapter, folder, base_model=lab.run.model.path)
        if corpus.merged:
            backbone = lab.backbones.take(self.policy)
            merge(backbone.model, outcome.adapter)
            with lab.store.draft_of(MERGED) as folder:
                save(backbone.model, backbone.tokenizer, folder, published=backbone.published)
        return Consolidated(training=outcome.training)


@dataclass(frozen=True, kw_only=True)
class AskingConsolidated(Work[Context, Answered]):
    """The consolidated adapter answers the queries of each context."""

    records: ClassVar[str] = "answers"
    result: ClassVar[Any] = Answered | Failure

    def key(self, unit: Context) -> str:
        return f"{self.policy.id}/{unit.id}/consolidated/0"

    def batch_size(self, lab: Lab) -> int:
        return lab.run.inner.slots

    def do(self, lab: Lab, units: Sequence[Context]) -> Sequence[Answered | Postponed[Answered]]:
        from seal.adapters import load_peft

        adapter = load_peft(lab.store.folder / ADAPTER)
        seeds = [self.seed(lab, unit) for unit in units]
        answers = ask(lab, self.policy, units, [adapter] * len(units), seeds)
        return [answered(of_context, seed=seed, training=None) for seed, of_context in zip(seeds, answers, strict=True)]
