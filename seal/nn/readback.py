"""What leaves a run is loaded again by whoever will use it, and computes what was measured, on a few tokens."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from seal.errors import RunError, cut_list, first_line
from seal.nn.adaptation import Adaptation, attached
from seal.nn.adapters import ADAPTER_WEIGHTS, blank_adapter
from seal.nn.agreement import Agreement

N_TOKENS = 64
"""At most, of one text."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What an adapted model computed for a few tokens, and the model without its adapter."""

    ids: tuple[int, ...]
    adapted: Tensor
    """[T, V], in at least float32, in main memory."""
    unadapted: Tensor
    """[T, V]"""

    def agreement(self, network: PreTrainedModel | PeftModel) -> Agreement:
        """With what a model computes that was read back."""
        found = logits(network, self.ids)
        return Agreement(
            n_tokens=len(self.ids),
            dtype=str(network.dtype).removeprefix("torch."),
            largest=float((found - self.adapted).nan_to_num(posinf=0, neginf=0).abs().max()),
            distance=distance(found, self.adapted),
            effect=distance(self.unadapted, self.adapted),
        )


@torch.no_grad()
def logits(network: PreTrainedModel | PeftModel, ids: Sequence[int]) -> Tensor:
    """Of one text [T, V], in at least float32, in main memory."""
    row = torch.tensor([list(ids)], device=network.device)
    found: Tensor = network(input_ids=row, use_cache=False).logits[0]
    return found.to("cpu", torch.promote_types(found.dtype, torch.float32))


def measure(network: PreTrainedModel, adapter: Adaptation, ids: Sequence[int]) -> Measured:
    """As the run itself attaches the adapter; of at most `N_TOKENS` tokens."""
    ids = tuple(ids[:N_TOKENS])
    unadapted = logits(network, ids)
    with attached(network, [adapter]):
        return Measured(ids=ids, adapted=logits(network, ids), unadapted=unadapted)


def distance(one: Tensor, other: Tensor) -> float:
    """As `Agreement` defines it. A logit that is infinite in both, as of a token that is never written, does not
    count."""
    both = one.isfinite() & other.isfinite()
    if not (both | (one == other)).all():
        return float("inf")
    counted = both.sum(dim=1).clamp(min=1)
    apart = ((one - other).where(both, 0).square().sum(dim=1) / counted).sqrt()  # [T]
    middle = other.where(both, 0).sum(dim=1, keepdim=True) / counted[:, None]
    spread = ((other - middle).where(both, 0).square().sum(dim=1) / counted).sqrt()
    return float((apart / spread.clamp(min=torch.finfo(spread.dtype).tiny)).median())


def read_by_peft(network: PreTrainedModel, adapter: Adaptation, folder: Path, ids: Sequence[int]) -> Agreement:
    """Let PEFT load the adapter that was saved in a folder, and compare with how the run itself attaches it.

    The network is afterwards what it was.

    Raises:
        RunError: PEFT makes something else of it, and what. The network is then not to be used any more.
    """
    measured = measure(network, adapter, ids)
    with loaded_by_peft(network, folder) as found:
        refuse_strayed(found, folder)
        agreement = measured.agreement(found)
    if not agreement.holds:
        raise RunError(f"with PEFT its logits are not those that were measured: {agreement}")
    return agreement


@contextmanager
def loaded_by_peft(network: PreTrainedModel, folder: Path) -> Iterator[PeftModel]:
    """While open, the network is what PEFT makes of it and of the adapter in a folder.

    Raises:
        RunError: PEFT refuses the adapter.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they are about is found out by `refuse_strayed`
            found = PeftModel.from_pretrained(network, folder, torch_device="cpu")  # and from there to the layers
    except Exception as error:  # whatever PEFT makes of an architecture that it does not expect
        raise RunError(f"PEFT refuses it: {first_line(error)}") from error
    try:
        yield found
    finally:
        found.unload()


def refuse_strayed(peft: PeftModel, folder: Path) -> None:
    """Compare the tensors of an adapter's folder with those that PEFT has read; on the meta device names and shapes.

    Raises:
        RunError: with the layers whose tensors differ.
    """
    read = get_peft_model_state_dict(peft, save_embedding_layers=False)
    stored = load_file(folder / ADAPTER_WEIGHTS)
    odd = read.keys() ^ stored.keys()
    odd |= {name for name in read.keys() & stored.keys() if not _same(read[name], stored[name])}
    layers = sorted({name.removeprefix("base_model.model.").partition(".lora_")[0] for name in odd})
    if layers:
        raise RunError(f"PEFT drops or renames tensors of {len(layers)} layers: {cut_list(layers)}")


def _same(read: Tensor, stored: Tensor) -> bool:
    return read.shape == stored.shape and (read.is_meta or bool((read.to(stored) == stored).all()))


def fault_for_peft(network: PreTrainedModel, targets: Sequence[str]) -> str | None:
    """Why PEFT would not load an adapter of these layers on a model, which may live on the meta device; None if it
    would."""
    with TemporaryDirectory() as scratch:
        blank_adapter(network, targets).save(Path(scratch), base_model="")
        try:
            with loaded_by_peft(network, Path(scratch)) as found:
                refuse_strayed(found, Path(scratch))
        except RunError as error:
            return str(error)
    return None
