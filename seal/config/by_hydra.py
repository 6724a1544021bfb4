"""What Hydra makes of overrides. In one process nothing is parsed or composed twice that comes out the same.

Hydra first makes all choices of options and then sets values. What the choices make is composed once; the points of a
sweep, whose values differ, begin with a copy of it.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import cache, lru_cache

from hydra import compose, initialize_config_module
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

CONFIG_MODULE, CONFIG_NAME = "seal.conf", "config"
SEARCH_PATH = "hydra.searchpath"
"""Where options of somebody's own lie. They may change, so that nothing is kept of them."""


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration with Hydra's own node, unresolved. Its `hydra.overrides` and `hydra.job` know choices alone.

    Raises:
        HydraException, OmegaConfBaseException: an override cannot be applied.
    """
    read = [read_override(each) for each in overrides]
    if any(each.key_or_group == SEARCH_PATH for each in read):
        return _composed(overrides)
    found = deepcopy(_of_choices(tuple(text for text, each in zip(overrides, read, strict=True) if _is_choice(each))))
    ConfigLoaderImpl._apply_overrides_to_config([each for each in read if not _is_choice(each)], found)
    return found


@lru_cache(maxsize=1024)
def read_override(override: str) -> Override:
    """What Hydra reads in an override.

    Raises:
        HydraException: it is not in Hydra's grammar.
    """
    return parser().parse_override(override)


@lru_cache(maxsize=1024)
def options_of(room: str) -> Sequence[str]:
    """Those that come with SEAL; none where there is no such room."""
    return tuple(_loader().get_group_options(room))


@cache
def _loader() -> ConfigLoader:
    """What knows the options of each room."""
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return GlobalHydra.instance().config_loader()


@cache
def parser() -> OverridesParser:
    """One that knows the options of each room, which `glob(*)` stands for."""
    return OverridesParser.create(config_loader=_loader())


def _composed(overrides: Sequence[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return compose(CONFIG_NAME, overrides=list(overrides), return_hydra_config=True)


@lru_cache(maxsize=128)
def _of_choices(choices: tuple[str, ...]) -> DictConfig:
    return _composed(choices)


def _is_choice(override: Override) -> bool:
    """Whether Hydra takes it for the choice of an option: anything that is no mapping, where there is such a room."""
    return not isinstance(override.value(), dict) and _is_room(override.key_or_group)


@lru_cache(maxsize=1024)
def _is_room(name: str) -> bool:
    return bool(_loader().get_group_options(name, results_filter=None))
