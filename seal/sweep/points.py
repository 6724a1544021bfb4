"""The points of a sweep: their overrides, names and faults."""

from collections.abc import Mapping, Sequence
from itertools import product

from seal.config import loading
from seal.config.composing import compose_config, key_of, parsed, quoted
from seal.config.run import Run
from seal.errors import UsageError
from seal.session.preflight import preflight
from seal.sweep.outcomes import in_short

SEARCH_PATH = "hydra.searchpath"
"""The setting that locates a user's own options. Every point needs it."""


def by_name(points: Sequence[Sequence[str]], common: Sequence[str]) -> dict[str, list[str]]:
    """The overrides of each point, by the name that Hydra would give it."""
    named = {}
    for point in points:
        told = [each for each in point if not each.startswith("hydra") or key_of(each) == SEARCH_PATH]
        last = {key_of(each): each for each in told}
        swept = sorted(each for key, each in last.items() if key not in common)
        named[",".join(swept).replace("/", "_") or "single"] = told
    return named


def alone(overrides: Sequence[str], name: str) -> tuple[str, ...]:
    """The overrides that start a point by itself: its own, and the name of its folder."""
    return (*(each for each in overrides if key_of(each) != "name"), named(name))


def named(name: str) -> str:
    """The override that gives a run this name, with any characters."""
    return f"name={quoted(name)}"


def split_sweep(overrides: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """The keys that all points share, and the overrides of each point.

    Only listed values, ranges and globs are known beforehand. Values that a sweeper searches for are not.

    Raises:
        ConfigError: Hydra cannot parse an override.
    """
    each_parsed = [parsed(override) for override in overrides]
    choices = [
        [f"{each.get_key_element()}={value}" for value in each.sweep_string_iterator()]
        if each.is_discrete_sweep()
        else [text]
        for each, text in zip(each_parsed, overrides, strict=True)
        if not each.is_sweep_override() or each.is_discrete_sweep()
    ]
    swept = {each.get_key_element().lstrip("+~") for each in each_parsed if each.is_sweep_override()}
    given = [each.get_key_element().lstrip("+~") for each in each_parsed]
    common = [key for key in given if key not in swept]
    return common, [list(point) for point in product(*choices)]


def built(point: Sequence[str]) -> tuple[Run | None, list[str]]:
    """The run of a point (None if it cannot be built), and every fault of its configuration."""
    composed, faults = compose_config(point)
    run, more = loading.build(composed) if composed is not None else (None, [])
    return run, [*faults, *more]


def faults_of(point: Sequence[str]) -> list[str]:
    return built(point)[1]


def why_not(points: Mapping[str, Run]) -> list[str]:
    """Why points, by name, cannot start: faults of data, model files or lengths."""
    faults = []
    for name, run in points.items():
        try:
            preflight(run)
        except UsageError as error:
            faults.append(f"{name}: {in_short(str(error))}")
    return faults
