"""An adapted policy as an ordinary model folder. It is loaded again before anybody relies on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seal.errors import RunError
from seal.nn.agreement import Agreement
from seal.types import Policy
from seal.work.lab import Lab

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbone
    from seal.nn.readback import Measured


@dataclass(frozen=True, kw_only=True)
class MergedModel:
    """It is on disk."""

    sha256: str
    """Of its weight files."""
    agreement: Agreement
    """With the policy and the adapter beside it."""


def save_merged(lab: Lab, policy: Policy, adapter: "Adaptation", name: str, ids: Sequence[int]) -> MergedModel:
    """Write the adapted policy to a folder of the run, and load it from there as a policy of its own.

    It is compared on the tokens `ids`.

    Raises:
        RunError: it is not the adapted policy.
    """
    backbone = lab.backbones.take(policy)  # its weights are out of memory afterwards
    with lab.store.draft_of(name) as folder:
        measured, sha256 = merge_into(folder, backbone, adapter, ids)
    del backbone
    again = lab.loaded_again(replace(policy, weights=name))
    return MergedModel(sha256=sha256, agreement=agreement_of(measured, again, lab.store.folder / name))


def merge_into(folder: Path, backbone: "Backbone", adapter: "Adaptation", ids: Sequence[int]) -> "tuple[Measured, str]":
    """Merge an adapter into a model that is not needed any more, and write it to a folder.

    Returns what the adapted model computed, and the hash of the weight files.
    """
    from seal.nn.backbone import save
    from seal.nn.readback import measure

    measured = measure(backbone.model, adapter, ids)
    adapter.merge(backbone.model)
    return measured, save(backbone.model, backbone.tokenizer, folder, published=backbone.published)


def agreement_of(measured: "Measured", again: "Backbone", place: Path) -> Agreement:
    """How far a model that was read back is from what was measured.

    Raises:
        RunError: farther than rounding explains. `place` is where it was read from.
    """
    agreement = measured.agreement(again.model)
    if not agreement.holds:
        raise RunError(
            f"{place}: its logits are not those of the model and the adapter that it was merged of: {agreement}"
        )
    return agreement
