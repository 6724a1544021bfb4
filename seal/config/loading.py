"""Resolved configuration → checked `Run`. All faults at once, each with its key path and, where one fits, a hint.

A node with a `_target_` is an option: the class is built from the node's other keys. Parts are built from the leaves
up, so a fault in one part does not hide those of another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from os.path import isfile
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from seal.base.redaction import redacted
from seal.base.suggesting import MOVED, TARGET, class_of
from seal.config.composing import FAULTY, Settings, compose_config, key_of, needed
from seal.config.run import Run, faults_between_rooms
from seal.errors import ConfigError, hint, listed

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MISSING = "???"


def load(overrides: Sequence[str]) -> tuple[Run, Settings]:
    """The run that these command-line overrides ask for, and its resolved configuration.

    Raises:
        ConfigError: with every fault.
    """
    composed, faults = compose_config(overrides)
    run, more = build(composed) if composed is not None else (None, [])
    if run is None or faults or more:
        raise ConfigError(listed(FAULTY, [*faults, *(_with_origin(fault, overrides) for fault in more)]))
    assert composed is not None
    return run, composed


def _with_origin(fault: str, overrides: Sequence[str]) -> str:
    """A setting that does not fit and that the user did not give comes from the experiment, made for another option."""
    key, given = fault.partition(":")[0], {key_of(each): each for each in overrides}
    if "experiment" not in given or key in given or "has no such setting" not in fault:
        return fault
    return f"{key}: it comes with {given['experiment']}, but what was chosen here has none; leave it out: '~{key}'"


def build(settings: Settings) -> tuple[Run | None, list[str]]:
    """The run of a resolved configuration, or every fault of it."""
    builder = _Builder()
    run = builder.node({TARGET: "seal.config.run.Run", **settings}, path="")
    if isinstance(run, Run):
        return run, builder.faults + list(faults_between_rooms(run))
    return None, builder.faults


@dataclass(frozen=True, slots=True)
class _Broken:
    """Stands where a part could not be built."""


class _Builder:
    """Builds a tree of options from the leaves up and gathers what is wrong."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def node(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            parts = {key: self.node(part, f"{path}.{key}".lstrip(".")) for key, part in value.items() if key != TARGET}
            return self._option(value[TARGET], parts, path) if TARGET in value else parts
        if isinstance(value, list):
            return [self.node(part, f"{path}.{number}") for number, part in enumerate(value)]
        if value == MISSING:
            self.faults.append(needed(path))
            return _Broken()
        return value

    def _option(self, target: str, parts: dict[str, Any], path: str) -> Any:
        try:
            cls = class_of(target)
        except (ImportError, AttributeError, ValueError) as error:
            self.faults.append(f"{path}.{TARGET}: cannot import '{target}': {error}{_where_to_put(target, error)}")
            return _Broken()
        broken = {key for key, part in parts.items() if isinstance(part, _Broken)}
        try:
            built = cls(**{key: part for key, part in parts.items() if key not in broken})
        except ValidationError as error:
            self.faults.extend(_faults(error, cls, path, broken))
            return _Broken()
        except TypeError as error:  # an abstract class, or no option at all
            self.faults.append(f"{path}.{TARGET}: '{target}' is no option: {error}".lstrip("."))
            return _Broken()
        return _Broken() if broken else built


def _faults(error: ValidationError, cls: type, path: str, broken: set[str]) -> Iterator[str]:
    """One line a fault, leaving out what only follows from a broken part."""
    known = [field.name for field in fields(cls)]
    for fault in error.errors(include_url=False):
        key = ".".join(map(str, fault["loc"]))
        if fault["loc"] and fault["loc"][0] in broken:
            continue
        place = f"{path}.{key}".strip(".")
        if fault["type"] in ("unexpected_keyword_argument", "extra_forbidden") and place in MOVED:
            yield f"{place}: this is written {MOVED[place]} now"
        elif fault["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            yield f"{place}: {cls.__name__} has no such setting{hint(key, known)}"
        elif fault["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
            yield f"{place}: {cls.__name__} needs this setting"
        elif fault["type"] == "tuple_type" and isinstance(fault["input"], str):
            yield f"{place}: this is a list: write [{redacted(fault['input'])}]"
        elif fault["type"] == "string_type" and type(fault["input"]) in (int, float):
            number = fault["input"]
            yield f"{place}: this was read as the number {number}: put it in quotes, as in {_quoted(fault, path)}"
        else:
            given = f"{_given(key, fault['input'])}{_file_meant(key, fault['input'])}"
            yield f"{place}: {fault['msg'].removeprefix('Value error, ')}{given}"


def _quoted(fault: "ErrorDetails", path: str) -> str:
    """How a text that looks like a number is given in a shell. What was read of a fraction is not what was written."""
    value = f'"{fault["input"]}"' if isinstance(fault["input"], int) else '"…"'
    if isinstance(fault["loc"][-1], int):
        value = f"[{value}]"
    names = (part for part in (path, *fault["loc"]) if part and isinstance(part, str))
    return f"'{'.'.join(names)}={value}'"


def _where_to_put(target: str, error: Exception) -> str:
    """What to do about a module of the user's own that Python does not find."""
    mine = target.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or error.name != mine:
        return ""
    return f"; if it is your own, say where it lies: PYTHONPATH=FOLDER seal …, with the folder that {mine} is in"


def _given(key: str, value: Any) -> str:
    """What was given, but for where a key might have been given by mistake."""
    return "" if key in ("key_variable", "base_url") else f", got {redacted(repr(value))}"


def _file_meant(key: str, value: Any) -> str:
    """How a template is read from a file, to somebody who gave the file's name as the template."""
    return f"; did you mean @{value}?" if key.endswith("template") and isinstance(value, str) and isfile(value) else ""
