"""What was found out about one model by trying: each fact once, then remembered, and kept on disk for later runs.

A kept fact holds for the same weights, precision, attention, kind of device, libraries and code of SEAL.
"""

import json
import logging
import os
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import torch
import transformers
from transformers import PreTrainedModel

from seal.base.cache import cache_folder
from seal.base.json_text import parsed

_LOG = logging.getLogger(__name__)


class Probes:
    """The facts of one model, by name."""

    def __init__(self, file: Path | None = None, say: Callable[[str], None] = _LOG.warning) -> None:
        self.file = file
        """Where they are kept; None keeps nothing."""
        self._say = say
        self._said: set[str] = set()
        self._known: dict[str, bool] = {}
        self._read = False

    def holds(self, fact: str, find_out: Callable[[], bool | None]) -> bool:
        """Whether something is so. What cannot be found out (None) is taken for untrue, and not kept."""
        if not self._read:
            self._known, self._read = _kept(self.file), True
        if fact not in self._known:
            found = find_out()
            self._known[fact] = bool(found)
            if found is not None:
                _keep(self.file, {fact: found})
        return self._known[fact]

    def say(self, note: str) -> None:
        """Tell whoever runs this what follows from the facts; each note once."""
        if note not in self._said:
            self._said.add(note)
            self._say(note)


def file_of(fingerprint: str, model: PreTrainedModel) -> Path:
    """Where the facts of a model lie, whose files have this fingerprint."""
    parts = (
        *(fingerprint, str(model.dtype), str(model.config._attn_implementation), _device_of(model)),
        *(torch.__version__, transformers.__version__, _own_code()),
    )
    return cache_folder() / "probes" / f"{sha256(' '.join(parts).encode()).hexdigest()[:32]}.json"


@cache
def _own_code() -> str:
    """A hash of SEAL itself: what is tried, and how, is said in several places of it."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _device_of(model: PreTrainedModel) -> str:
    device = model.device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _kept(file: Path | None) -> dict[str, bool]:
    """What a file says; nothing if it is not there or is not what was written."""
    try:
        found = parsed(file.read_text(encoding="utf-8")) if file else {}
    except (OSError, ValueError):
        return {}
    return {fact: so for fact, so in found.items() if isinstance(so, bool)} if isinstance(found, dict) else {}


def _keep(file: Path | None, facts: dict[str, bool]) -> None:
    """Put the file in its place whole. Where nothing can be written, the next run tries again."""
    if file is None:
        return
    draft = file.with_suffix(f".{os.getpid()}.draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(_kept(file) | facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        _LOG.debug("what was found out about the model is not kept: %s", error)
