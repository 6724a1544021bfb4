"""Resolved configuration → checked `Run`. All faults are reported at once, with their key paths and hints.

A node with a `_target_` is an option: its class is built from the node's other keys. Parts are built from the leaves
up, so a fault in one part does not hide the faults of another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from os.path import isfile
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from seal.base.redaction import redacted
from seal.base.suggesting import MOVED, TARGET, class_of
from seal.config.composing import FAULTY, Settings, as_text, compose_config, key_of, needed
from seal.config.run import Run, faults_between_rooms
from seal.errors import ConfigError, hint, listed

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MISSING = "???"
_AS_TEXT = ": quote it, as in "
_READ = {int: "the number", float: "the number", bool: "the truth value", list: "the list", dict: "the mapping"}


def load(overrides: Sequence[str]) -> tuple[Run, Settings]:
    """The run that these command-line overrides describe, and its resolved configuration.

    Raises:
        ConfigError: there are faults; the error lists all of them.
    """
    composed, faults = compose_config(overrides)
    run, more = build(composed) if composed is not None else (None, [])
    if run is None or faults or more:
        unread = {needed(key_of(each)) for each in overrides if any(fault.startswith(each) for fault in faults)}
        others = [_with_origin(fault, overrides) for fault in more if fault not in unread]
        raise ConfigError(listed(FAULTY, [*faults, *others]))
    assert composed is not None
    return run, composed


def _with_origin(fault: str, overrides: Sequence[str]) -> str:
    """The fault, with what the user typed, and explained if its setting came from the experiment.

    An experiment sets what its own options have. Another option, chosen beside it, may not have that setting.
    """
    key, given = fault.partition(":")[0], {key_of(each): each for each in overrides}
    if _AS_TEXT in fault and key in given:
        return f"{fault.partition(_AS_TEXT)[0]}{_AS_TEXT}{as_text(key, given[key].partition('=')[2])}"
    if "experiment" not in given or key in given or "has no such setting" not in fault:
        return fault
    return f"{key}: {given['experiment']} sets this, but the option chosen here does not have it; delete it: '~{key}'"


def build(settings: Settings) -> tuple[Run | None, list[str]]:
    """The run of a resolved configuration (None if it cannot be built), and every fault."""
    builder = _Builder()
    run = builder.node({TARGET: "seal.config.run.Run", **settings}, path="")
    if isinstance(run, Run):
        return run, builder.faults + list(faults_between_rooms(run))
    return None, builder.faults


def build_room(settings: Settings, room: str) -> Any:
    """The option of one room, from the settings in a manifest. The other rooms may have classes that are not here.

    Raises:
        ConfigError: it cannot be built; the error lists all faults.
    """
    builder = _Builder()
    built = builder.node(settings[room], path=room)
    if builder.faults:
        raise ConfigError(listed("the settings of the run cannot be read:", builder.faults))
    return built


@dataclass(frozen=True, slots=True)
class _Broken:
    """Stands in for a part that could not be built."""


class _Builder:
    """Builds a tree of options from the leaves up, and gathers the faults."""

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
        except TypeError as error:  # an abstract class, or not an option
            self.faults.append(f"{path}.{TARGET}: '{target}' is not an option: {error}".lstrip("."))
            return _Broken()
        return _Broken() if broken else built


def _faults(error: ValidationError, cls: type, path: str, broken: set[str]) -> Iterator[str]:
    """One line per fault. Faults that only follow from a broken part are left out."""
    known = [field.name for field in fields(cls)]
    for fault in error.errors(include_url=False):
        key = ".".join(map(str, fault["loc"]))
        if fault["loc"] and fault["loc"][0] in broken:
            continue
        place = f"{path}.{key}".strip(".")
        if fault["type"] in ("unexpected_keyword_argument", "extra_forbidden") and place in MOVED:
            yield f"{place}: this setting has moved: write {MOVED[place]}"
        elif fault["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            yield f"{place}: {cls.__name__} has no such setting{hint(key, known)}"
        elif fault["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
            yield f"{place}: {cls.__name__} needs this setting"
        elif fault["type"] == "tuple_type" and isinstance(fault["input"], str):
            yield f"{place}: this is a list: write [{redacted(fault['input'])}]"
        elif fault["type"] in ("string_type", "path_type") and not isinstance(fault["input"], str | None):
            read = redacted(repr(fault["input"]))
            yield f"{place}: this was read as {_READ[type(fault['input'])]} {read}{_AS_TEXT}{_quoted(fault, path)}"
        else:
            given = f"{_given(key, fault['input'])}{_file_meant(key, fault['input'])}"
            yield f"{place}: {fault['msg'].removeprefix('Value error, ')}{given}"


def _quoted(fault: "ErrorDetails", path: str) -> str:
    """How to write a text that looks like a number in a shell.

    A fraction may not read back as it was written, so it is shown as `…`.
    """
    value = f'"{fault["input"]}"' if isinstance(fault["input"], int) else '"…"'
    if isinstance(fault["loc"][-1], int):
        value = f"[{value}]"
    names = (part for part in (path, *fault["loc"]) if part and isinstance(part, str))
    return f"'{'.'.join(names)}={value}'"


def _where_to_put(target: str, error: Exception) -> str:
    """A hint for a module that Python does not find: it may be the user's own."""
    mine = target.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or error.name != mine:
        return ""
    return f"; if it is your own module, name the folder that holds {mine}: PYTHONPATH=FOLDER seal …"


def _given(key: str, value: Any) -> str:
    """The value that was given. Settings where a user may enter an API key by mistake show nothing."""
    return "" if key in ("key_variable", "base_url") else f", got {redacted(repr(value))}"


def _file_meant(key: str, value: Any) -> str:
    """A hint for a template that is the name of a file: `@FILE` reads it."""
    return f"; did you mean @{value}?" if key.endswith("template") and isinstance(value, str) and isfile(value) else ""
