"""Trains selected adapters once more and keeps them on disk, in PEFT's format.

The selection is known only when a round is over. To hold all adapters until then may take hundreds of gigabytes. So the
selected few are trained again, with the same plan and seed. They equal the first ones up to rounding, which depends on
the adapters trained in the same batch.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from seal.base.paths import digest_of
from seal.errors import RunError
from seal.inner import Adapted
from seal.types import Failure, Kept, Plan
from seal.work import Work
from seal.work.lab import Lab
from seal.work.trying import Trial, TryingOut, starts_of

ADAPTERS = "adapters"
"""The subfolder of a run that holds adapters."""
FACTS = "self_edit.json"
_LONGEST_NAME, _LONGEST_BYTES = 80, 200
"""Limits of an id in a folder name, in characters and bytes. The rest is for what follows the id."""


@dataclass(frozen=True, kw_only=True)
class AdapterToKeep:
    """A trial to train again, with the findings of its first training."""

    trial: Trial
    index: int
    """Number of the self-edit."""
    text: str
    """Text of the self-edit."""
    reward: float
    """Reward of the self-edit, over its repeats."""
    accuracy: float | None
    """Accuracy of this repeat."""


@dataclass(frozen=True, kw_only=True)
class Keeping(Work[AdapterToKeep, Kept | Failure]):
    """Adapters are trained and written to `adapters/round_N/CONTEXT_EDIT`."""

    records: ClassVar[str] = ADAPTERS
    result: ClassVar[Any] = Kept | Failure

    def key(self, unit: AdapterToKeep) -> str:
        return TryingOut(policy=self.policy, title="").key(unit.trial)

    def seed(self, lab: Lab, unit: AdapterToKeep) -> int:
        return TryingOut(policy=self.policy, title="").seed(lab, unit.trial)

    def cost(self, unit: AdapterToKeep) -> int:
        return TryingOut(policy=self.policy, title="").cost(unit.trial)

    def batch_size(self, lab: Lab) -> int:
        return lab.run.inner.slots

    def do(self, lab: Lab, units: Sequence[AdapterToKeep]) -> list[Kept | Failure]:
        plans = [unit.trial.plan for unit in units if unit.trial.plan]
        seeds = [self.seed(lab, unit) for unit in units]
        outcomes = lab.run.inner.adapt(
            lab.backbones.get(self.policy), plans, seeds, starts_of(lab, [unit.trial for unit in units])
        )
        kept = [self._save(lab, unit, outcome) for unit, outcome in zip(units, outcomes, strict=True)]
        there = [(plan, one) for plan, one in zip(plans, kept, strict=True) if isinstance(one, Kept)]
        refused = self._refused_by_peft(lab, *there[0]) if there else None
        if not refused:
            return kept
        for _, one in there:
            lab.store.discard(one.folder)
        return [Failure(reason=refused) if isinstance(one, Kept) else one for one in kept]

    def _refused_by_peft(self, lab: Lab, plan: Plan, kept: Kept) -> str | None:
        """Why PEFT does not load an adapter as it was trained; those that were trained with it have the same shape."""
        from seal.nn.readback import read_by_peft

        backbone, folder = lab.backbones.get(self.policy), lab.store.folder / kept.folder
        adapter, ids = lab.run.inner.load(folder), lab.run.inner.first_tokens(backbone, plan)
        if not adapter.in_peft_format:
            return None
        try:
            read_by_peft(backbone.model, adapter, folder, ids)
        except RunError as error:
            lab.backbones.take(self.policy)  # PEFT may have left something in it
            return str(error)
        return None

    def _save(self, lab: Lab, unit: AdapterToKeep, outcome: Adapted | Failure) -> Kept | Failure:
        if isinstance(outcome, Failure):
            return outcome
        assert outcome.adapter is not None, "the run was checked: its inner loop makes adapters"
        name = f"{ADAPTERS}/{self.policy.id}/{folder_name(unit.trial.context.id, unit.index)}"
        weights = self.policy.weights
        base = str((lab.store.folder / weights).resolve()) if weights else lab.run.model.path
        facts = {
            "context": unit.trial.context.id,
            "title": unit.trial.context.title,
            "self_edit": unit.index,
            "repeat": unit.trial.repeat,
            "reward": unit.reward,
            "accuracy": unit.accuracy,
            "text": unit.text,
        }
        with lab.store.draft_of(name) as folder:
            outcome.adapter.save(folder, base_model=base)
            (folder / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            n_bytes = size_of(folder)
        return Kept(folder=name, n_bytes=n_bytes, round=self.policy.round, reward=unit.reward)


def folder_name(context_id: str, index: int) -> str:
    """A folder name that is valid on any file system and unique to the self-edit."""
    plain = re.sub(r"[^\w.-]", "_", context_id)[:_LONGEST_NAME]
    plain = plain.encode()[:_LONGEST_BYTES].decode(errors="ignore")
    if plain == context_id and not plain.startswith("."):
        return f"{plain}_{index}"
    return f"{plain.lstrip('.')}-{digest_of(context_id)}_{index}"


def size_of(folder: Path) -> int:
    """Total bytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
