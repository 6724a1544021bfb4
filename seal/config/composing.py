"""Overrides → the resolved configuration, by Hydra; what it refuses is said in a user's words, and all at once."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, OmegaConfBaseException

from seal.base.suggesting import of_a_folder, unknown_key
from seal.config.fidelity import FIDELITY, experiment_name, fault_of_fidelity, without_fidelity, written_now
from seal.errors import ConfigError, first_line, hint, listed

CONFIG_MODULE, CONFIG_NAME = "seal.conf", "config"
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
    composed, faults = _applied(overrides)
    if composed is None or faults:
        raise ConfigError(listed(FAULTY, faults))
    return composed


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
        settings["name"] = experiment_name(choices) or by_rooms
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
    remaining = _without(faults, overrides)
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
            remaining = _without([refused], remaining)
    return composed, [*faults.values(), *(_explained(error, refused, composed) for error, refused in refusals)]


def _without(refused: Collection[str], overrides: Sequence[str]) -> list[str]:
    """The other overrides. With an experiment goes its fidelity: nobody knows whether that experiment has one."""
    gone = {FIDELITY} if "experiment" in map(key_of, refused) else set()
    return [each for each in overrides if each not in refused and key_of(each) not in gone]


def _compose(overrides: Sequence[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return compose(CONFIG_NAME, overrides=list(overrides), return_hydra_config=True)


@cache
def _loader() -> ConfigLoader:
    """What knows the options of each room."""
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return GlobalHydra.instance().config_loader()


@cache
def _parser() -> OverridesParser:
    """One that knows the options of each room, which `glob(*)` stands for."""
    return OverridesParser.create(config_loader=_loader())


def _fault_of_form(override: str) -> str | None:
    """Why an override cannot be one of a single run, whatever its key is."""
    try:
        read = _parser().parse_override(override)
    except HydraException as error:
        return _unreadable(override, error)
    key, _, value = override.partition("=")
    if not key:
        return _no_assignment(override)
    room = key.replace(".", "/")
    if room != key and _loader().get_group_options(room):
        return f"{key}: it is a choice, which is written with a slash: {room}={value}"
    if not read.is_sweep_override():
        return fault_of_fidelity(read)
    return f"{override}: several values are a sweep: seal run -m …; a list is {key}=[…]; {_quoting(key, value)}"


def _unreadable(override: str, error: HydraException) -> str:
    key, equals, value = override.partition("=")
    if not equals:
        return _no_assignment(override)
    if GRAMMAR.search(value):
        return f"{override}: Hydra cannot read this value; {_quoting(key, value)}"
    return f"{override}: {first_line(error)}"


def _no_assignment(override: str) -> str:
    return f"{override}: a setting is written as key=value, without spaces around ="


def _quoting(key: str, value: str) -> str:
    return f"a text with such characters is quoted twice: {shlex.quote(f'{key}={quoted(value)}')}"


def _refused(error: Exception, overrides: Sequence[str]) -> str | None:
    """The override that an error of Hydra's is about, if one can be told."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return next((each for each in overrides if _file_of(each) == error.missing_cfg_file), None)
    names = re.findall(r"'([^']+)'", str(error)) + re.findall(r"full_key: (\S+)", str(error))
    for name in names:
        for override in overrides:
            if name in (override, key_of(override)):
                return override
    return None


def _file_of(override: str) -> str:
    """The file of an option, as Hydra names it, if the override chooses one."""
    room, _, option = override.lstrip("+~").partition("=")
    return f"{room.partition('@')[0]}/{option}"


def _explained(error: Exception, refused: str | None, composed: DictConfig | None) -> str:
    """An error of Hydra's in a user's words; `composed` is what the other overrides made, if they made anything."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        room, _, option = (refused or error.missing_cfg_file.replace("/", "=", 1)).partition("=")
        return _no_option(room.lstrip("+"), option, error.options or [])
    if isinstance(error, ConfigCompositionException) and refused and "Could not override" in str(error):
        key, value = key_of(refused), refused.partition("=")[2]
        if composed is None:
            return f"{key}: there is no such setting"
        if key == FIDELITY:
            return without_fidelity(composed.hydra.runtime.choices)
        settings: Any = OmegaConf.to_container(composed)
        return unknown_key(key, value, settings, rooms=list(settings.pop("hydra")["runtime"]["choices"]))
    return f"{refused}: {first_line(error)}" if refused else first_line(error)


def _no_option(room: str, option: str, options: Iterable[Any]) -> str:
    renamed = written_now(room, option, _loader().get_group_options("experiment/paper"))
    return renamed or f"{room}: there is no option '{option}'{_option_meant(room, option, options)}"


def _option_meant(room: str, option: str, options: Iterable[Any]) -> str:
    """The end of a message about an option that is not there."""
    folder = option.rpartition("/")[0]
    if room == "model" and (folder or Path(option).is_dir()):
        return of_a_folder(option)
    in_folder = [f"{folder}/{each}" for each in _loader().get_group_options(f"{room}/{folder}")] if folder else []
    return hint(option, in_folder or [str(each) for each in options])
