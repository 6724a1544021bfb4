"""What can be known of a model without loading it: its folder's files, its context length, its layers. No torch."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from seal.model import Model

_SAMPLES, _SAMPLE_BYTES = 64, 1 << 16
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")


def faults(model: Model) -> Iterator[str]:
    """What is wrong with the model's folder. A name on the hub has none before it is fetched."""
    folder = Path(model.path)
    if not folder.is_dir():
        if folder.is_absolute() or model.path.startswith((".", "~")) or model.path.count("/") > 1:
            yield f"model.path: there is no folder {model.path}"
        return
    if not (folder / "config.json").is_file():
        yield f"model.path: {folder} is no model folder of Hugging Face: it has no config.json"
        return
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        yield f"model.path: {folder} has no tokenizer ({', '.join(_TOKENIZER_FILES[:2])}): save it there too"
    if model.chat and not has_chat_template(folder):
        yield f"model.chat is true, but the tokenizer in {folder} has no chat template: set model.chat=false"
    if not any(folder.glob("*.safetensors")):
        yield f"model.path: {folder} has no weights as safetensors: save the model with safe_serialization=True"


def has_chat_template(folder: Path) -> bool:
    """In a file of its own, as transformers saves it now, or in the tokenizer's settings, as it did."""
    if any(folder.glob("chat_template*")):
        return True
    settings = folder / "tokenizer_config.json"
    return settings.is_file() and bool(json.loads(settings.read_text()).get("chat_template"))


def fingerprint(model: Model) -> str | None:
    """A hash that tells weights apart without reading all of them: of the names and sizes of the weight files and of
    `_SAMPLES` blocks of each. None for a name on the hub."""
    weights = sorted(Path(model.path).glob("*.safetensors"))
    digest = sha256()
    for file in weights:
        size = file.stat().st_size
        digest.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            for number in range(_SAMPLES):
                stream.seek(number * size // _SAMPLES)
                digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest() if weights else None


@dataclass(frozen=True)
class ModelFolder:
    """The facts of a local model folder that has no faults."""

    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = json.loads((self.folder / "config.json").read_text())
        return {**config, **config.get("text_config", {})}

    @property
    def context_length(self) -> int | None:
        """In tokens; None if the model sets no limit."""
        for name in ("max_position_embeddings", "n_positions", "n_ctx"):
            if isinstance(self.config.get(name), int):
                return int(self.config[name])
        return None

    @cached_property
    def matrices(self) -> frozenset[str]:
        """The paths of everything with a two-dimensional weight: the linear layers and the embeddings."""
        found = set()
        for file in self.folder.glob("*.safetensors"):
            for name, entry in _header(file).items():
                if name.endswith(".weight") and len(entry["shape"]) == 2:
                    found.add(name.removesuffix(".weight"))
        return frozenset(found)

    def has_layer(self, target: str) -> bool:
        return any(path == target or path.endswith(f".{target}") for path in self.matrices)

    @property
    def layer_names(self) -> list[str]:
        """The last parts of the paths, without embeddings, for messages."""
        names = {path.rpartition(".")[2] for path in self.matrices if "embed" not in path}
        return sorted(names - {"wte", "wpe"})  # the embeddings of GPT-2


def _header(file: Path) -> dict[str, dict[str, Any]]:
    """The directory of a safetensors file: its first 8 bytes are the length of the JSON that follows."""
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header: dict[str, dict[str, Any]] = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return header
