"""Overrides → the resolved configuration, by Hydra; what it refuses is said in a user's words, and all at once."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, OmegaConfBaseException

from seal.errors import ConfigError, first_line, hint, listed

CONFIG_MODULE, CONFIG_NAME = "seal.conf", "config"
TARGET = "_target_"
FAULTY = "the configuration has faults:"
GRAMMAR = re.compile(r"[][(){},:='\" ]")
"""What means something to Hydra in a value that is not quoted."""

Settings = Mapping[str, Any]


def compose_config(overrides: Sequence[str]) -> tuple[Settings | None, list[str]]:
    """The resolved configuration, and the faults of overrides that Hydra refuses; the others are applied."""
    composed, faults = _applied(overrides)
    if composed is None:
        return None, faults
    try:
        return resolve(composed, composed.hydra.runtime.choices), faults
    except ConfigError as error:
        return None, [*faults, str(error)]


def compose_with_hydra(overrides: Sequence[str]) -> DictConfig:
    """The configuration with Hydra's own node, unresolved.

    Raises:
        ConfigError: Hydra refuses an override.
    """
    try:
        return _compose(overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(listed(FAULTY, [first_line(error)])) from error


def key_of(override: str) -> str:
    """The key of a setting, which an override adds, sets or deletes."""
    return override.partition("=")[0].lstrip("+~")


def parsed(override: str) -> Override:
    """What Hydra reads in an override.

    Raises:
        ConfigError: it is not in Hydra's grammar.
    """
    try:
        return _parser().parse_overrides([override])[0]
    except HydraException as error:
        raise ConfigError(listed(FAULTY, [_unreadable(override, error)])) from error


def quoted(text: str) -> str:
    """A text as Hydra reads it."""
    return str(QuotedString(text=text, quote=Quote.double).with_quotes())


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
        raise ConfigError(
            f"{error.full_key}: {first_line(error)}: choose options that go together, or set it"
        ) from error
    except InterpolationToMissingValueError as error:
        raise ConfigError(needed(first_line(error).rpartition(" ")[2])) from error
    assert isinstance(settings, dict)
    settings = _with_templates(settings, path="")
    if settings.get("name") is None:
        by_rooms = "-".join(str(choices[room]) for room in ("recipe", "task", "model"))
        settings["name"] = choices.get("experiment") or by_rooms
    return {str(key): value for key, value in settings.items()}


def needed(key: str) -> str:
    """The fault of a setting that has no value."""
    return f"{key}: needs a value: {key}=…"


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


def _applied(overrides: Sequence[str]) -> tuple[DictConfig | None, list[str]]:
    """What comes of the overrides that can be applied, and the faults of the others."""
    faults = {each: fault for each in overrides if (fault := _fault_of_form(each))}
    remaining = [each for each in overrides if each not in faults]
    refusals: list[tuple[Exception, str | None]] = []
    composed = None
    while composed is None:
        try:
            composed = _compose(remaining)
        except (HydraException, OmegaConfBaseException) as error:
            refused = _refused(error, remaining)
            refusals.append((error, refused))
            if refused is None:
                break
            remaining.remove(refused)
    return composed, [*faults.values(), *(_explained(error, refused, composed) for error, refused in refusals)]


def _compose(overrides: Sequence[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return compose(CONFIG_NAME, overrides=list(overrides), return_hydra_config=True)


@cache
def _parser() -> OverridesParser:
    """One that knows the options of each room, which `glob(*)` stands for."""
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())


def _fault_of_form(override: str) -> str | None:
    """Why an override cannot be one of a single run, whatever its key is."""
    try:
        read = _parser().parse_override(override)
    except HydraException as error:
        return _unreadable(override, error)
    if not read.is_sweep_override():
        return None
    key, _, value = override.partition("=")
    return f"{override}: several values are a sweep: seal run -m …; a list is {key}=[…]; {_quoting(key, value)}"


def _unreadable(override: str, error: HydraException) -> str:
    key, equals, value = override.partition("=")
    if not equals:
        return f"{override}: a setting is written as key=value"
    if GRAMMAR.search(value):
        return f"{override}: Hydra cannot read this value; {_quoting(key, value)}"
    return f"{override}: {first_line(error)}"


def _quoting(key: str, value: str) -> str:
    return f"a text with such characters is quoted twice: {shlex.quote(f'{key}={quoted(value)}')}"


def _refused(error: Exception, overrides: Sequence[str]) -> str | None:
    """The override that an error of Hydra's is about, if one can be told."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        names = [f"{group}={option}"]
    else:
        names = re.findall(r"'([^']+)'", str(error)) + re.findall(r"full_key: (\S+)", str(error))
    for name in names:
        for override in overrides:
            if name in (override, key_of(override)):
                return override
    return None


def _explained(error: Exception, refused: str | None, composed: DictConfig | None) -> str:
    """An error of Hydra's in a user's words; `composed` is what the other overrides made, if they made anything."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = [str(each) for each in error.options or []]
        return f"{group}: there is no option '{option}'{hint(option, options)}"
    if isinstance(error, ConfigCompositionException) and refused and "Could not override" in str(error):
        return _unknown_key(key_of(refused), composed)
    return f"{refused}: {first_line(error)}" if refused else first_line(error)


def _unknown_key(key: str, composed: DictConfig | None) -> str:
    """That there is no such setting, and what is meant by the part of its path that is not there."""
    if composed is None:
        return f"{key}: there is no such setting"
    node: Any = OmegaConf.to_container(composed)
    rooms = list(node["hydra"]["runtime"]["choices"])
    *parents, name = key.replace("/", ".").split(".")
    path = ""
    for part in parents:
        if part not in node:
            return f"{key}: {_owner(node, path)} has no '{part}'{hint(part, _known(node, rooms, path))}"
        node, path = node[part], f"{path}.{part}".lstrip(".")
        if not isinstance(node, Mapping):
            return f"{key}: {path} is a value, and has no settings"
    return f"{key}: {_owner(node, path)} has no such setting{hint(name, _known(node, rooms, path))}"


def _owner(node: Settings, path: str) -> str:
    return str(node.get(TARGET, "")).rpartition(".")[2] or path or "the configuration"


def _known(node: Settings, rooms: Iterable[str], path: str) -> list[str]:
    own = [str(each) for each in node if each not in (TARGET, "hydra")]
    return own if path else list(dict.fromkeys([*own, *(room for room in rooms if "/" not in room)]))
