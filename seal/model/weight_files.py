"""The weights of a model folder: which files of it are read, and what their directories say. No torch, no weights."""

import re
import struct
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from seal.base.json_text import parsed

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
"""All weights in one file, or what says in which file each is; where there are both, the first is read."""
MOST = 2**53
"""Larger whole numbers are no counts."""
_EMBEDDINGS, _NORMS, _HEADS = ("emb", "wte", "tok"), ("norm", "ln"), ("head", "embed_out", "output")
"""What the names of a model's ends have in them, for nearly all architectures."""
_WRAPPERS = ("module.", "_orig_mod.", "base_model.")
"""What names begin with that a wrapper of training has left there."""
_MOST_SIBLINGS = 10_000
"""A larger number in a name does not count layers or experts."""
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")

_Count = Annotated[int, Field(ge=0, le=MOST)]


class TensorEntry(TypedDict):
    """What the directory of a safetensors file says of one."""

    shape: list[_Count]
    data_offsets: tuple[_Count, _Count]


_HEADER: TypeAdapter[dict[str, TensorEntry]] = TypeAdapter(dict[str, TensorEntry])


def weight_files(folder: Path) -> list[Path]:
    """The files that transformers reads the weights of a folder from; none where it would find none.

    Others that lie there are not read: an adapter's, or the same weights in another layout.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        return []
    return [folder / name for name in sorted(set(places(folder / INDEX).values()))]


def places(index: Path) -> Mapping[str, str]:
    """In which file an index says that each tensor is."""
    found: Mapping[str, str] = parsed(index.read_text(encoding="utf-8"))["weight_map"]
    return found


def tensors(folder: Path) -> dict[str, TensorEntry]:
    """All tensors that are read from a folder, by name."""
    return {name: entry for file in weight_files(folder) for name, entry in header(file)[0].items()}


def header(file: Path) -> tuple[dict[str, TensorEntry], int]:
    """The directory of a safetensors file, whose first 8 bytes are the length of this JSON, and where it ends.

    Raises:
        ValueError: it is none.
    """
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        if length > file.stat().st_size:
            raise ValueError(f"{file} says that its header is longer than itself")
        found = parsed(stream.read(length))
    if isinstance(found, dict):
        found.pop("__metadata__", None)
    return _HEADER.validate_python(found), 8 + length


def is_whole(file: Path) -> bool:
    """Whether a safetensors file has room for all that its directory names."""
    try:
        entries, begin = header(file)
        room = file.stat().st_size - begin
    except (OSError, ValueError, struct.error):
        return False
    ends = [(prod(entry["shape"]), *entry["data_offsets"]) for entry in entries.values()]
    return all(end <= room and n_numbers <= 8 * (end - first) for n_numbers, first, end in ends)  # a bit each, or more


def fault_of_index(index: Mapping[str, Any], there: Container[str]) -> str | None:
    """It says in which of several files each tensor is."""
    found = index.get("weight_map")
    if not isinstance(found, dict):
        return "has no weight_map"
    lost = [name for name in found.values() if not isinstance(name, str) or name not in there]
    return f"names {str(lost[0])[:80]!r}, which is not there" if lost else None


def looks_incomplete(folder: Path, *, n_layers: int | None, has_head: bool) -> bool:
    """Whether tensors may be missing, or be too many, as far as their names tell. A reason to look closer, no fault.

    `n_layers` is what the configuration says; `has_head` whether it says that the output head has weights of its own.
    """
    names = tensors(folder).keys()
    promised = set() if (folder / WEIGHTS).is_file() else places(folder / INDEX).keys()
    numbers = [int(found[0]) for name in names if (found := _NUMBER.search(name))]
    outer = " ".join(name for name in names if not _NUMBER.search(name)).lower()
    wanted = (_EMBEDDINGS, _NORMS, _HEADS) if has_head else (_EMBEDDINGS, _NORMS)
    return (
        bool(promised - names)
        or any(name.startswith(_WRAPPERS) for name in names)
        or any(unlike_siblings(names))
        or (n_layers is not None and max(numbers, default=-1) + 1 != n_layers)
        or not all(any(part in outer for part in parts) for parts in wanted)
    )


def unlike_siblings(names: Iterable[str]) -> Iterator[str]:
    """Names that a numbered part of a model lacks where another part that has all of its own has them.

    Of `layers.0.a`, `layers.0.b` and `layers.1.a` that is `layers.1.b`. Layers of different kinds are no siblings, but
    some architectures have such layers on purpose.
    """
    parts: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in names:
        for found in _NUMBER.finditer(name):
            parts[name[: found.start()]][int(found[0])].add(name[found.end() :])
    for parent, siblings in parts.items():
        numbers = range(max(siblings) + 1) if max(siblings) < _MOST_SIBLINGS else sorted(siblings)
        kinds = {frozenset(siblings[number]) for number in numbers}
        for number in numbers:
            more = [kind for kind in kinds if siblings[number] < kind]
            yield from (f"{parent}{number}{rest}" for rest in sorted(set().union(*more) - siblings[number]))
