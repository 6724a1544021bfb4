"""Overrides → the resolved configuration, by Hydra. Every override that Hydra refuses is reported in plain words."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, OmegaConfBaseException

from seal.base.suggesting import of_a_folder, unknown_key
from seal.config import by_hydra
from seal.config.fidelity import FIDELITY, experiment_name, fault_of_fidelity, without_fidelity, written_now
from seal.errors import ConfigError, first_line, hint, listed
from seal.settings import at_home

_BY_PATH = {"task": "passages", "model": "local"}
"""The option of a room that a path alone means."""
FAULTY = "the configuration has faults:"

Settings = Mapping[str, Any]


def compose_config(overrides: Sequence[str]) -> tuple[Settings | None, list[str]]:
    """The resolved configuration, and a fault for each override that Hydra refuses. The others are applied."""
    composed, faults = _applied(overrides)
    if composed is None:
        return None, faults
    try:
        return resolve(composed, composed.hydra.runtime.choices), faults
    except ConfigError as error:
        return None, [*faults, f"{error}{_meant_as_text(str(error), overrides)}"]


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
    """The key of the setting that an override adds, sets or deletes."""
    return override.partition("=")[0].lstrip("+~")


def parsed(override: str) -> Override:
    """An override as Hydra parses it.

    Raises:
        ConfigError: Hydra cannot parse it.
    """
    try:
        return by_hydra.parser().parse_overrides([override])[0]
    except HydraException as error:
        raise ConfigError(listed(FAULTY, [_unreadable(override, error)])) from error


def quoted(text: str) -> str:
    """A text in quotes, so that Hydra reads it back unchanged, `${` included."""
    return str(QuotedString(text=text.replace("${", "\\${"), quote=Quote.double).with_quotes())


def as_text(key: str, value: str) -> str:
    """What to type in a shell to set a key to exactly this text."""
    return shlex.quote(f"{key}={quoted(value)}")


def resolve(config: DictConfig, choices: Mapping[str, str]) -> dict[str, Any]:
    """Plain values, without Hydra's own node. A run without a name gets one made of its choices.

    Raises:
        ConfigError: a setting refers to another one that is missing or has no value, or a template's file cannot be
            read.
    """
    plain = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    try:
        settings = OmegaConf.to_container(plain, resolve=True)
    except InterpolationKeyError as error:
        raise ConfigError(
            f"{error.full_key}: {first_line(error)}: choose options that fit together, or set it yourself"
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
    """The settings, with each template `@FILE` replaced by the contents of that file.

    Raises:
        ConfigError: a file cannot be read.
    """
    if isinstance(node, Mapping):
        return {key: _with_templates(part, f"{path}.{key}".lstrip(".")) for key, part in node.items()}
    if not isinstance(node, str) or not node.startswith("@") or not path.endswith("template"):
        return node
    try:
        return Path(at_home(node[1:])).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot read the file {node[1:]}: {error}") from error


def _applied(overrides: Sequence[str]) -> tuple[DictConfig | None, list[str]]:
    """The configuration made by the overrides that Hydra accepts, and a fault for each other one."""
    faults = {each: fault for each in overrides if (fault := _fault_of_form(each))}
    remaining = _with_choices(_without(faults, overrides))
    refusals: list[tuple[Exception, str | None]] = []
    composed = None
    while composed is None:
        try:
            composed = by_hydra.composed(remaining)
        except (HydraException, OmegaConfBaseException) as error:
            refused = _refused(error, remaining)
            refusals.append((error, refused))
            if refused is None:
                break
            remaining = _without([refused], remaining)
    return composed, [*faults.values(), *(_explained(error, refused, composed) for error, refused in refusals)]


def _with_choices(overrides: Sequence[str]) -> list[str]:
    """A path chooses the option that it is for, where nothing else does."""
    given = {key_of(each).partition("@")[0] for each in overrides}
    chosen = [
        f"{room}={option}"
        for room, option in _BY_PATH.items()
        if f"{room}.path" in given and given.isdisjoint((room, "experiment"))
    ]
    return [*chosen, *overrides]


def _without(refused: Collection[str], overrides: Sequence[str]) -> list[str]:
    """The overrides that were not refused. A refused experiment takes its fidelity with it.

    Without the experiment, nobody knows whether it has a fidelity.
    """
    gone = {FIDELITY} if "experiment" in map(key_of, refused) else set()
    return [each for each in overrides if each not in refused and key_of(each) not in gone]


def _fault_of_form(override: str) -> str | None:
    """Why the form of an override does not fit a single run, whatever its key; None if it fits."""
    try:
        read = by_hydra.read_override(override)
    except HydraException as error:
        return _unreadable(override, error)
    key, _, value = override.partition("=")
    if not key:
        return _no_assignment(override)
    room = key.replace(".", "/")
    if room != key and by_hydra.options_of(room):
        return f"{key}: this is a choice of option, written with a slash: {room}={value}"
    if not read.is_sweep_override():
        return fault_of_fidelity(read)
    return f"{override}: several values make a sweep: seal run -m …; write a list as {key}=[…]; {_quoting(key, value)}"


def _unreadable(override: str, error: HydraException) -> str:
    key, equals, value = override.partition("=")
    if not equals:
        return _no_assignment(override)
    try:
        by_hydra.parser().parse_override(f"{key}={quoted(value)}")
    except HydraException:
        return f"{override}: {first_line(error)}"
    return f"{override}: Hydra cannot read this value; {_quoting(key, value)}"


def _no_assignment(override: str) -> str:
    return f"{override}: write a setting as key=value, without spaces around ="


def _meant_as_text(fault: str, overrides: Sequence[str]) -> str:
    """The end of a message about a value that was filled in from elsewhere, where `${` may have been meant as text."""
    key = fault.partition(":")[0]
    given = [each.partition("=")[2] for each in overrides if key_of(each) == key and "${" in each]
    return f"; {_quoting(key, given[0])}" if given else ""


def _quoting(key: str, value: str) -> str:
    if value.startswith("[") and value.endswith("]"):
        texts = ",".join(quoted(each.strip().strip("'\"")) for each in value[1:-1].split(","))
        return f"in a list, quote each text with such characters twice: {shlex.quote(f'{key}=[{texts}]')}"
    return f"quote a text with such characters twice: {as_text(key, value)}"


def _refused(error: Exception, overrides: Sequence[str]) -> str | None:
    """The override that Hydra's error is about; None if the error does not show it."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return next((each for each in overrides if _file_of(each) == error.missing_cfg_file), None)
    names = re.findall(r"'([^']+)'", str(error)) + re.findall(r"full_key: (\S+)", str(error))
    for name in names:
        for override in overrides:
            if name in (override, key_of(override)):
                return override
    return None


def _file_of(override: str) -> str:
    """The file of the option that the override would choose, as Hydra names it."""
    room, _, option = override.lstrip("+~").partition("=")
    return f"{room.partition('@')[0]}/{option}"


def _explained(error: Exception, refused: str | None, composed: DictConfig | None) -> str:
    """Hydra's error in plain words. `composed` is the configuration from the other overrides, if there is one."""
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
    renamed = written_now(room, option, by_hydra.options_of("experiment/paper"))
    return renamed or f"{room}: there is no option '{option}'{_option_meant(room, option, options)}"


def _option_meant(room: str, option: str, options: Iterable[Any]) -> str:
    """The hint at the end of a message about a missing option."""
    folder = option.rpartition("/")[0]
    if room == "model" and (folder or Path(option).is_dir()):
        return of_a_folder(option)
    in_folder = [f"{folder}/{each}" for each in by_hydra.options_of(f"{room}/{folder}")] if folder else []
    return hint(option, in_folder or [str(each) for each in options])
