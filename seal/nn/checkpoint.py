"""What a checkpoint holds against what its configuration builds: transformers fills whatever is missing at random."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from seal.errors import ModelError, cut_list, first_line
from seal.model import Model
from seal.model.weight_files import tensors, unlike_siblings

transformers_logging.disable_progress_bar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Between the tensors of a checkpoint and those of its model. A tied one that is stored once differs in nothing."""

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    """In the files, and not in the model."""
    mismatched: tuple[str, ...] = ()
    """With both sizes."""

    @classmethod
    def of(cls, loading_info: Mapping[str, Any]) -> Self:
        """As `from_pretrained` reports them."""
        mismatched = sorted(loading_info["mismatched_keys"])
        return cls(
            missing=tuple(sorted(loading_info["missing_keys"])),
            unexpected=tuple(sorted(loading_info["unexpected_keys"])),
            mismatched=tuple(f"{name} is {list(there)}, not {list(wanted)}" for name, there, wanted in mismatched),
        )

    def faults(self, folder: Path) -> Iterator[str]:
        """Why the checkpoint is not its model, which ends a run before it begins."""
        if self.missing:
            instead = f", and holds {_named(self.unexpected)} instead" if self.unexpected else ""
            yield (
                f"model.path: {folder} lacks {_named(self.missing)}{instead}. What is missing would be random: fetch "
                "the weights again, or the config.json that belongs to them"
            )
        if self.mismatched:
            yield (
                f"model.path: tensors in {folder} have other sizes than its config.json says: "
                f"{cut_list(self.mismatched)}"
            )

    def notes(self, folder: Path) -> Iterator[str]:
        """What is worth knowing, and no fault."""
        if self.unexpected:
            yield f"model.path: {folder} holds {_named(self.unexpected)} that its model has no place for: left out"


def compare(model: Model, folder: Path) -> Differences:
    """Compare the directories of a folder's weight files with the model that its configuration builds.

    Nothing is loaded: both sides live on torch's meta device. Quantized weights are not compared, because what is
    stored of them is up to their method.

    Raises:
        ModelError: transformers cannot build the model, or not put its weights together from those in the files.
    """
    network = blank(model, folder)
    if getattr(network.config, "quantization_config", None):
        return Differences()
    there = {name: torch.empty(entry["shape"], device="meta") for name, entry in tensors(folder).items()}
    with explained(folder), _quiet():
        loaded: Any = type(network).from_pretrained(  # its type depends on what it is asked for
            None,
            config=network.config,
            state_dict=there,
            device_map={"": "meta"},
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    return Differences.of(loaded[1])


def blank(model: Model, folder: Path) -> PreTrainedModel:
    """The model that a folder's configuration builds, on the meta device: names and shapes without numbers.

    Raises:
        ModelError: it builds none.
    """
    code = model.trust_remote_code
    try:
        with torch.device("meta"), _quiet():
            config = AutoConfig.from_pretrained(folder, trust_remote_code=code)
            network: PreTrainedModel = AutoModelForCausalLM.from_config(config, trust_remote_code=code)
    except Exception as error:  # whatever code of any architecture makes of numbers that do not fit together
        raise ModelError(
            f"model.path: transformers cannot build what config.json in {folder} describes: {first_line(error)}"
        ) from error
    return network


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """While open, an error of transformers about weights that do not come together names which.

    Raises:
        ModelError: instead.
    """
    try:
        yield
    except RuntimeError as error:
        if "automatic conversion of the weights" not in str(error):
            raise
        odd = tuple(unlike_siblings(tensors(folder)))
        raise ModelError(
            f"model.path: the weights in {folder} cannot be put together: "
            + (f"it lacks {_named(odd)}" if odd else "shapes of parts that belong together differ")
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """While open, transformers does not report itself what is said here."""
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)


def _named(names: Sequence[str]) -> str:
    return f"{len(names)} tensor{'s' if len(names) > 1 else ''} ({cut_list(names)})"
