"""What a run hands out is read back first, as whoever will use it reads it: the adapter by PEFT, a merged model by
transformers. What was trained stays in the run's folder, whatever comes of that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from seal.cluster.workload import Place
from seal.errors import RunError, SealError
from seal.nn.agreement import Agreement
from seal.recipe.consolidation import MERGED, Corpus, trained
from seal.recipe.merged_model import save_merged
from seal.work import Work
from seal.work.lab import Lab

MOST_LOST = 0.1
"""Of what an adapter changes, by rounding; more is said."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What is handed out does what was measured."""

    adapter: Agreement | None
    """With what PEFT makes of it; None where that is something else, or the adapter is not for PEFT."""
    refused: str | None = None
    """Why the adapter is not handed out."""
    merged: Agreement | None = None
    """With the merged model, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Exporting(Work[Corpus, Exported]):
    """An adapter is read by PEFT, and merged if that was asked for. Once a run."""

    records: ClassVar[str] = "exports"
    result: ClassVar[Any] = Exported

    def key(self, unit: Corpus) -> str:
        return f"{self.policy.id}/{unit.name}"

    def place(self, lab: Lab) -> Place:
        return Place.LEARNER

    def batch_size(self, lab: Lab) -> int:
        return 1

    def do(self, lab: Lab, units: Sequence[Corpus]) -> list[Exported]:
        return [self._export(lab, unit) for unit in units]

    def _export(self, lab: Lab, corpus: Corpus) -> Exported:
        ids = lab.run.inner.first_tokens(lab.backbones.get(self.policy), corpus.lesson.plan)
        found = self._by_peft(lab, corpus, ids)
        if not corpus.merged:
            if found.refused:
                raise RunError(
                    f"{lab.store.folder / corpus.folder} holds what was trained, but is not handed out: "
                    f"{found.refused}. A run with recipe.output=merged hands out the whole model"
                )
            return found
        try:
            merged = save_merged(lab, self.policy, trained(lab, corpus.folder), MERGED, ids)
        except SealError:
            lab.store.discard(MERGED)
            raise
        return Exported(adapter=found.adapter, refused=found.refused, merged=merged.agreement)

    def _by_peft(self, lab: Lab, corpus: Corpus, ids: Sequence[int]) -> Exported:
        from seal.nn.readback import read_by_peft

        backbone, adapter = lab.backbones.get(self.policy), trained(lab, corpus.folder)
        if not adapter.in_peft_format:
            return Exported(adapter=None)
        try:
            return Exported(adapter=read_by_peft(backbone.model, adapter, lab.store.folder / corpus.folder, ids))
        except RunError as error:
            lab.backbones.take(self.policy)  # PEFT may have left something in it
            return Exported(adapter=None, refused=str(error))


def notes_on(exported: Exported) -> Iterator[str]:
    """What whoever takes it has to know."""
    if exported.refused:
        yield f"the adapter is not handed out, only the merged model: {exported.refused}"
    merged = exported.merged
    if merged and merged.share and merged.share > MOST_LOST:
        yield (
            f"merging in {merged.dtype} loses {merged.share:.0%} of what the adapter changes: take the adapter, or "
            "merge with model.dtype=float32"
        )
