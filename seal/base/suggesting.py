"""Suggests what an unknown setting may mean: a misspelling, a setting of another room, or one that no YAML lists."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from seal.errors import hint

TARGET = "_target_"
_ALIKE = 0.75
"""Similarity from 0 to 1. From this value on, one name counts as a misspelling of the other."""


_LEARNER = "rank alpha targets learning_rate schedule epochs batch_size micro_batch_size accelerate".split()
MOVED = {**{f"outer.{name}": f"outer.learner.{name}=…" for name in _LEARNER}, "inner.dora": "inner=dora"}
"""Settings of version 0.1, and how they are written now."""


def class_of(target: str) -> Any:
    """The class or function that a `_target_` names.

    Raises:
        ImportError, AttributeError, ValueError: it does not exist.
    """
    module, _, name = target.rpartition(".")
    return getattr(import_module(module), name)


def unknown_key(key: str, value: str, settings: Mapping[str, Any], rooms: Sequence[str]) -> str:
    """The fault of an unknown setting, with a suggestion. `rooms` are all groups of options."""
    *parents, name = key.replace("/", ".").split(".")
    node: Any = settings
    path = ""
    for part in parents:
        if part not in node:
            known = _known(node, rooms, path)
            misspelt = get_close_matches(part, known, n=1, cutoff=_ALIKE)
            meant = hint(part, misspelt) or _elsewhere(name, settings) or hint(part, known)
            return f"{key}: {_owner(node, path)} has no '{part}'{meant}"
        node, path = node[part], f"{path}.{part}".lstrip(".")
        if not isinstance(node, Mapping):
            return f"{key}: {path} is a value: it has no settings of its own"
    if key == "model.path":
        return f"{key}: {_owner(node, path)} comes with its own model{of_a_folder(value)}"
    if key in MOVED and name not in _fields(node):
        return f"{key}: this setting has moved: write {MOVED[key]}"
    if name in _fields(node):
        return f"{key}: the YAML of {_owner(node, path)} does not list it: write +{key}={value}"
    rooms_meant = [room for room in rooms if not parents and re.split("[/@]", room)[-1] == name]
    meant = f"; write {rooms_meant[0]}={value}" if rooms_meant else _elsewhere(name, settings)
    return f"{key}: {_owner(node, path)} has no such setting{meant or hint(name, _known(node, rooms, path))}"


def _elsewhere(name: str, settings: Mapping[str, Any]) -> str:
    """The hint at the end of a message: other options with a setting of this name, by their full keys."""
    found = [key for key in _keys(settings) if key.rpartition(".")[2] == name]
    return f"; there is {', '.join(found)}" if found else ""


def _keys(node: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The full key of every setting."""
    for name, part in node.items():
        yield f"{path}{name}"
        if isinstance(part, Mapping):
            yield from _keys(part, f"{path}{name}.")


def _owner(node: Mapping[str, Any], path: str) -> str:
    return str(node.get(TARGET, "")).rpartition(".")[2] or path or "the configuration"


def _known(node: Mapping[str, Any], rooms: Iterable[str], path: str) -> list[str]:
    own = [*(str(each) for each in node if each != TARGET), *_fields(node)]
    return list(dict.fromkeys(own if path else [*own, *(room for room in rooms if "/" not in room)]))


def _fields(node: Mapping[str, Any]) -> list[str]:
    """The settings of an option's class, whatever its YAML lists. A missing class is reported elsewhere."""
    try:
        cls = class_of(str(node.get(TARGET, "")))
    except (ImportError, AttributeError, ValueError):
        return []
    return [field.name for field in fields(cls)] if is_dataclass(cls) else []


def of_a_folder(path: str) -> str:
    """The hint at the end of a message, for a model's folder that was given in place of an option."""
    return f"; for a folder or a name on the hub, write model=local model.path={path}"
