"""Options → the settings that build them, as a YAML file and the command line would give them."""

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from seal.base.suggesting import TARGET
from seal.config.run import Run
from seal.stats.published import Published


def settings_of(run: Run) -> dict[str, Any]:
    """The resolved configuration of a run that was built in Python. It equals what `load` would return."""
    described = _described(run)
    assert isinstance(described, dict)
    return {key: value for key, value in described.items() if key != TARGET and (key, value) != ("writer", None)}


def _described(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field: getattr(value, field.name) for field in fields(value)}
        own = {field.name: _described(part) for field, part in parts.items() if not _is_place(field, part)}
        return own if isinstance(value, Published) else {TARGET: _name_of(type(value)), **own}
    if isinstance(value, Mapping):
        return {str(key): _described(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_described(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _is_place(field: Field[Any], value: Any) -> bool:
    """True for a place on this machine that the option's class knows: of what is shipped, or fetched once. The settings
    leave it out."""
    return isinstance(value, str | Path) and value == field.default and Path(value).is_absolute()


def _name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
