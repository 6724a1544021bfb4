"""An adapted policy as an ordinary model folder. It is loaded again before anybody relies on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seal.errors import RunError
from seal.nn.agreement import Agreement
from seal.types import Policy
from seal.work.lab import Lab

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation
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
    measured, sha256 = _written(lab, policy, adapter, name, ids)
    agreement = measured.agreement(lab.loaded_again(replace(policy, weights=name)).model)
    if not agreement.holds:
        raise RunError(
            f"{lab.store.folder / name}: its logits are not those of the model and the adapter that it was merged of: "
            f"{agreement}"
        )
    return MergedModel(sha256=sha256, agreement=agreement)


def _written(lab: Lab, policy: Policy, adapter: "Adaptation", name: str, ids: Sequence[int]) -> "tuple[Measured, str]":
    """What the adapted policy computes, and the hash of what was written. Its weights are out of memory afterwards."""
    from seal.nn.backbone import save
    from seal.nn.readback import measure

    backbone = lab.backbones.take(policy)
    measured = measure(backbone.model, adapter, ids)
    adapter.merge(backbone.model)
    with lab.store.draft_of(name) as folder:
        return measured, save(backbone.model, backbone.tokenizer, folder, published=backbone.published)
