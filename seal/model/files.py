"""What can be known of a model without loading it: its folder's files, its context length, its layers. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

from seal.base.json_text import parsed
from seal.errors import ModelError, first_line
from seal.model import Model
from seal.model.places import CONFIG, fault_of_place, is_gguf
from seal.model.weight_files import (
    INDEX,
    MOST,
    WEIGHTS,
    TensorEntry,
    fault_of_index,
    is_whole,
    looks_incomplete,
    tensors,
    weight_files,
)
from seal.types import ALL_LINEAR

_TOKENIZER_CONFIG = "tokenizer_config.json"
_SAMPLES, _SAMPLE_BYTES = 64, 1 << 16
_BATCH = 1000
"""Texts that are tokenized at once: what the tokenizer makes of a whole data set need not fit in memory."""
_PATTERNS = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja", "*.py")
"""The files of a model folder that matter: weights, settings, tokenizer, template, code."""
TOKENIZER = "tokenizer.json"
_TOKENIZER_FILES = (TOKENIZER, "tokenizer.model", "vocab.json", "spiece.model")
_CONTEXT_LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_COUNTS = (
    *_CONTEXT_LENGTHS,
    *("hidden_size", "n_embd", *_LAYERS, "intermediate_size", "n_inner", "vocab_size"),
)
"""What is read of a model's configuration: whole numbers, where they are there at all."""
_EMBEDDINGS = ("model.embed_tokens", "transformer.wte", "wte")
"""Where most architectures have one row of `hidden_size` numbers for each of the `vocab_size` tokens."""


def fetched(model: Model) -> Path:
    """The folder with the model's files: the path itself, or, for a name on the hub, where they are downloaded to.

    Raises:
        ModelError: it cannot be downloaded.
    """
    if model.shipped:
        return model.shipped.fetch()
    if is_local(model):
        return Path(model.path)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model.path, revision=model.revision, allow_patterns=list(_PATTERNS)))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"model.path: there is no folder {model.path}, and the hub does not give a model of this name: "
            f"{first_line(error)}"
        ) from error


def here(model: Model) -> Path | None:
    """The folder with the model's files if they are on this machine, as a folder or fetched from the hub before."""
    if model.shipped or is_local(model):
        return Path(model.path) if Path(model.path).is_dir() else None
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model.path, revision=model.revision, local_files_only=True))
    except (OSError, ValueError):
        return None


def is_local(model: Model) -> bool:
    """Whether the path means something on this machine and cannot mean a name on the hub."""
    if model.shipped:
        return model.shipped.folder.is_dir()
    path = model.path
    return (
        Path(path).exists()
        or is_gguf(Path(path))
        or Path(path).is_absolute()
        or path.startswith((".", "~"))
        or path.count("/") > 1
    )


def faults(folder: Path, *, chat: bool) -> Iterator[str]:
    """What is wrong with a model's folder; `chat` says whether it needs a chat template."""
    if elsewhere := fault_of_place(folder):
        yield f"model.path: {elsewhere}"
        return
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        yield f"model.path: {folder} has no tokenizer ({', '.join(_TOKENIZER_FILES[:2])}): save it there too"
    unreadable = list(_unreadable(folder))
    if not unreadable and not weight_files(folder):
        yield f"model.path: {_without_safetensors(folder)}"
    yield from unreadable or _misfits(ModelFolder(folder))
    if chat and not unreadable and not has_chat_template(folder):
        yield f"model.chat is true, but the tokenizer in {folder} has no chat template: set model.chat=false"


def _misfits(model: "ModelFolder") -> Iterator[str]:
    """Weights of another model than the one that config.json is of."""
    said = (model.config.get("vocab_size"), model.config.get("hidden_size", model.config.get("n_embd")))
    for name in _EMBEDDINGS:
        found = model.matrices.get(name)
        if found and None not in said and found != said:
            yield (
                f"model.path: {model.folder}: {name}.weight is {list(found)} in the weights, but config.json says "
                f"{list(said)}"
            )


def _without_safetensors(folder: Path) -> str:
    """Where weights are pickles, reading them may run code, so that is left to the user, once."""
    pickles = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern))
    others = sorted(file.name for file in folder.glob("*.safetensors"))
    if others:
        return f"{folder} has {others[0]}, but transformers reads only {WEIGHTS}, or the files that {INDEX} names"
    if not pickles:
        return f"{folder} has no weights as safetensors"
    return (
        f"{folder} has its weights as {pickles[0]}, a pickle, which is never read here because it may run code, and "
        "not as safetensors: where you trust it, convert it with AutoModelForCausalLM.from_pretrained(FOLDER)"
        ".save_pretrained(FOLDER)"
    )


def _unreadable(folder: Path) -> Iterator[str]:
    """Files that are not what their names say: half downloaded, or pointers of Git LFS."""
    for name in (CONFIG, _TOKENIZER_CONFIG, *(() if (folder / WEIGHTS).is_file() else (INDEX,))):
        if (folder / name).is_file() and (fault := _fault_of(folder / name)):
            yield f"model.path: {folder / name} {fault}: fetch it again"
    for file in sorted(folder.glob("*.safetensors")):
        if not is_whole(file):
            yield f"model.path: {file} is no whole safetensors file (half downloaded, or only a Git LFS pointer)"


def _fault_of(file: Path) -> str | None:
    """Why a JSON file is not what its name says; None if it is."""
    try:
        found = parsed(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"is not JSON ({error})"
    if not isinstance(found, dict):
        return f"is no JSON object but a {type(found).__name__}"
    if file.name == CONFIG:
        return _fault_of_config(found)
    return fault_of_index(found, {each.name for each in file.parent.iterdir()}) if file.name == INDEX else None


def _fault_of_config(config: Mapping[str, Any]) -> str | None:
    of_text = config.get("text_config") or {}
    if not isinstance(of_text, dict):
        return "has a text_config that is no object"
    for name, value in {**config, **of_text}.items():
        counts = value if isinstance(value, list) else [value]
        if name in _COUNTS and value is not None and not all(map(_is_count, counts)):
            return f"says {name} is {str(value)[:40]!r}, which is no number of anything"
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def has_chat_template(folder: Path) -> bool:
    """In a file of its own, as transformers saves it now, or in the tokenizer's settings, as it did."""
    if (folder / "chat_template.jinja").is_file():
        return True
    settings = folder / _TOKENIZER_CONFIG
    return settings.is_file() and bool(parsed(settings.read_text(encoding="utf-8")).get("chat_template"))


def fingerprint(folder: Path) -> str:
    """A hash that tells models apart without reading all of them: of the names and sizes of the files that matter, and
    of `_SAMPLES` blocks of each, which is all of a file of less than 4 MiB."""
    digest = sha256()
    for file in sorted({file for pattern in _PATTERNS for file in folder.glob(pattern) if file.is_file()}):
        size = file.stat().st_size
        digest.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            for number in range(_SAMPLES):
                stream.seek(number * size // _SAMPLES)
                digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


@dataclass(frozen=True)
class ModelFolder:
    """The facts of a local model folder that has no faults."""

    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = parsed((self.folder / CONFIG).read_text(encoding="utf-8"))
        return {**config, **(config.get("text_config") or {})}

    @property
    def context_length(self) -> int | None:
        """In tokens; None if the model sets no limit."""
        for name in _CONTEXT_LENGTHS:
            if isinstance(self.config.get(name), int):
                return int(self.config[name])
        return None

    @cached_property
    def tensors(self) -> dict[str, TensorEntry]:
        """All that is read of its weights, by name."""
        return tensors(self.folder)

    @cached_property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """Everything with a two-dimensional weight, by its path: the linear layers and the embeddings."""
        return {
            name.removesuffix(".weight"): (entry["shape"][0], entry["shape"][1])
            for name, entry in self.tensors.items()
            if name.endswith(".weight") and len(entry["shape"]) == 2
        }

    @property
    def n_embeddings(self) -> int | None:
        """Tokens that the model has a row for; None if its files do not say."""
        rows = [self.matrices[name][0] for name in _EMBEDDINGS if name in self.matrices]
        return rows[0] if rows else self.config.get("vocab_size")

    @property
    def n_numbers(self) -> int:
        """Of all weights."""
        return sum(prod(entry["shape"]) for entry in self.tensors.values())

    @property
    def has_experts(self) -> bool:
        """Whether it is a mixture of experts, by the names of its weights."""
        return any(".experts." in name for name in self.tensors)

    @property
    def looks_incomplete(self) -> bool:
        """Whether weights may be missing, or be too many, as far as their names tell."""
        n_layers = next((self.config[name] for name in _LAYERS if isinstance(self.config.get(name), int)), None)
        tied = self.config.get("tie_word_embeddings")
        return looks_incomplete(self.folder, n_layers=n_layers, has_head=tied is False)

    def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """How many tokens each text has; None where the tokenizer has not the fast format."""
        file = self.folder / TOKENIZER
        if not file.is_file():
            return None
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
        return [len(encoding.ids) for batch in batches for encoding in tokenizer.encode_batch_fast(list(batch))]

    def has_layer(self, target: str) -> bool:
        return bool(self.shapes_of([target]))

    def shapes_of(self, targets: Sequence[str]) -> list[tuple[int, int]]:
        """The two sizes of each layer that one of the targets names; of `all-linear` all but the output head."""
        inner = {path: shape for path, shape in self.matrices.items() if path.rpartition(".")[2] in self.layer_names}
        if ALL_LINEAR in targets:
            return [shape for path, shape in inner.items() if path.rpartition(".")[2] != "lm_head"]
        return [
            shape
            for path, shape in inner.items()
            if any(path == target or path.endswith(f".{target}") for target in targets)
        ]

    @cached_property
    def layer_names(self) -> list[str]:
        """The last parts of the paths, without embeddings, for messages."""
        names = {path.rpartition(".")[2] for path in self.matrices if "embed" not in path}
        return sorted(names - {"wte", "wpe"})  # the embeddings of GPT-2
