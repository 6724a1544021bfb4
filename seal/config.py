"""Composed configuration → checked `Run`. All faults at once, each with its key path and, where one fits, a hint.

A node with a `_target_` is an option: the class is built from the node's other keys. Parts are built from the leaves
up, so a fault in one part does not hide those of another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, OmegaConfBaseException
from pydantic import ValidationError

from seal.errors import ConfigError, listed
from seal.redaction import redacted
from seal.run import Run, faults_between_rooms

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

CONFIG_MODULE, CONFIG_NAME = "seal.conf", "config"
TARGET, MISSING = "_target_", "???"
FAULTY = "the configuration has faults:"

Settings = Mapping[str, Any]


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


def compose_config(overrides: Sequence[str]) -> tuple[Settings | None, list[str]]:
    """The resolved configuration, and the faults of overrides that Hydra refuses; the others are applied."""
    remaining = list(overrides)
    faults: list[str] = []
    while True:
        try:
            composed = _compose(remaining)
            return resolve(composed, composed.hydra.runtime.choices), faults
        except ConfigError as error:
            return None, [*faults, str(error)]
        except (HydraException, OmegaConfBaseException) as error:
            refused = _refused(error, remaining)
            faults.append(_explained(error, refused, remaining))
            if refused is None:
                return None, faults
            remaining.remove(refused)


def _with_origin(fault: str, overrides: Sequence[str]) -> str:
    """A setting that does not fit and that the user did not give comes from the experiment, made for another option."""
    key, given = fault.partition(":")[0], {each.partition("=")[0].lstrip("+~"): each for each in overrides}
    if "experiment" not in given or key in given or "has no such setting" not in fault:
        return fault
    return f"{key}: it comes with {given['experiment']}, but what was chosen here has none; leave it out: '~{key}'"


def resolve(config: DictConfig, choices: Mapping[str, str]) -> dict[str, Any]:
    """Plain values, without Hydra's own node; where no name was given, one is made of the choices.

    Raises:
        ConfigError: a setting takes its value from one that is not there or has none, or a template's file cannot be
            read.
    """
    plain = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    try:
        settings = OmegaConf.to_container(plain, resolve=True)
    except InterpolationKeyError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{error.full_key}: {reason}: choose options that go together, or set it") from error
    except InterpolationToMissingValueError as error:
        raise ConfigError(_needed(str(error).splitlines()[0].rpartition(" ")[2])) from error
    assert isinstance(settings, dict)
    settings = _with_templates(settings, path="")
    if settings.get("name") is None:
        by_rooms = "-".join(str(choices[room]) for room in ("recipe", "task", "model"))
        settings["name"] = choices.get("experiment") or by_rooms
    return {str(key): value for key, value in settings.items()}


def _with_templates(node: Any, path: str) -> Any:
    """The settings with the contents of the files that templates name as `@FILE`.

    Raises:
        ConfigError: such a file cannot be read.
    """
    if isinstance(node, Mapping):
        return {key: _with_templates(part, f"{path}.{key}".lstrip(".")) for key, part in node.items()}
    if not isinstance(node, str) or not node.startswith("@") or not path.endswith("template"):
        return node
    try:
        return Path(node[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot read the file {node[1:]}: {error}") from error


def compose_with_hydra(overrides: Sequence[str]) -> DictConfig:
    """The configuration with Hydra's own node, unresolved.

    Raises:
        ConfigError: Hydra refuses an override.
    """
    try:
        return _compose(overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(listed(FAULTY, [str(error).strip().splitlines()[0]])) from error


def _compose(overrides: Sequence[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return compose(CONFIG_NAME, overrides=list(overrides), return_hydra_config=True)


def _refused(error: Exception, overrides: Sequence[str]) -> str | None:
    """The override that an error of Hydra's is about, if one can be told."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        names = [f"{group}={option}"]
    else:
        names = re.findall(r"'([^']+)'", str(error)) + re.findall(r"full_key: (\S+)", str(error))
    for name in names:
        for override in overrides:
            if name in (override, override.partition("=")[0].lstrip("+~")):
                return override
    return None


def _explained(error: Exception, refused: str | None, overrides: Sequence[str]) -> str:
    """An error of Hydra's in a user's words."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = [str(each) for each in error.options or []]
        return f"{group}: there is no option '{option}'{_hint(option, options)}"
    if isinstance(error, ConfigCompositionException) and refused and "Could not override" in str(error):
        key = refused.partition("=")[0].lstrip("+~")
        others, _ = compose_config([each for each in overrides if each != refused])
        return _unknown_key(key, others or {})
    first_line = str(error).strip().splitlines()[0]
    if refused and "=" not in refused and not refused.startswith("~"):
        return f"{refused}: a setting is written as key=value"
    return f"{refused}: {first_line}" if refused else first_line


def _unknown_key(key: str, settings: Settings) -> str:
    parent, _, name = key.replace("/", ".").rpartition(".")
    node: Any = settings
    for part in filter(None, parent.split(".")):
        node = node.get(part, {}) if isinstance(node, Mapping) else {}
    known = [each for each in node if each != TARGET] if isinstance(node, Mapping) else []
    owner = str(node.get(TARGET, "")).rpartition(".")[2] if isinstance(node, Mapping) else ""
    return f"{key}: {owner or 'the configuration'} has no such setting{_hint(name, known)}"


def _hint(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is {', '.join(known)}" if known else ""


def build(settings: Settings) -> tuple[Run | None, list[str]]:
    """The run of a resolved configuration, or every fault of it."""
    builder = _Builder()
    run = builder.node({TARGET: "seal.run.Run", **settings}, path="")
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
            self.faults.append(_needed(path))
            return _Broken()
        return value

    def _option(self, target: str, parts: dict[str, Any], path: str) -> Any:
        try:
            module, _, name = target.rpartition(".")
            cls = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            self.faults.append(f"{path}.{TARGET}: cannot import '{target}': {error}")
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
        if fault["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            yield f"{place}: {cls.__name__} has no such setting{_hint(key, known)}"
        elif fault["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
            yield f"{place}: {cls.__name__} needs this setting"
        elif fault["type"] == "tuple_type" and isinstance(fault["input"], str):
            yield f"{place}: this is a list: write [{redacted(fault['input'])}]"
        elif fault["type"] == "string_type" and type(fault["input"]) in (int, float):
            number = fault["input"]
            yield f"{place}: this was read as the number {number}: put it in quotes, as in {_quoted(fault, path)}"
        else:
            yield f"{place}: {fault['msg'].removeprefix('Value error, ')}{_given(key, fault['input'])}"


def _quoted(fault: "ErrorDetails", path: str) -> str:
    """How a text that looks like a number is given in a shell. What was read of a fraction is not what was written."""
    value = f'"{fault["input"]}"' if isinstance(fault["input"], int) else '"…"'
    if isinstance(fault["loc"][-1], int):
        value = f"[{value}]"
    names = (part for part in (path, *fault["loc"]) if part and isinstance(part, str))
    return f"'{'.'.join(names)}={value}'"


def _needed(key: str) -> str:
    return f"{key}: needs a value: {key}=…"


def _given(key: str, value: Any) -> str:
    """What was given, but for where a key might have been given by mistake."""
    return "" if key in ("key_variable", "base_url") else f", got {redacted(repr(value))}"
