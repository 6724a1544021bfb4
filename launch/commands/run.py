"""`seal run`: runs one experiment, or one for each point of a sweep."""

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from seal.base.terminal import Terminal
from seal.config import loading
from seal.config.by_hydra import CONFIG_MODULE, CONFIG_NAME
from seal.config.composing import FAULTY, parsed, quoted, resolve
from seal.config.run import Run
from seal.errors import ConfigError, UsageError, listed
from seal.folder.store import MANIFEST, RESULTS
from seal.session.performing import perform_watched
from seal.sweep.launching import launch, launcher_of
from seal.sweep.points import alone, built, by_name, named, split_sweep, why_not
from seal.sweep.search import is_search, search

FAULTY_POINTS = "points of the sweep have faults:"


def main(arguments: Namespace) -> int:
    if arguments.detach:
        from ..detaching import detach

        return detach(arguments.overrides)
    return sweep(arguments.overrides) if arguments.multirun else run_one(arguments.overrides)


def run_one(overrides: Sequence[str]) -> int:
    """Perform one run; return the exit code.

    Raises:
        SealError: the run cannot start or cannot go on.
    """
    perform_watched(loading.load(overrides)[0])
    return 0


def sweep(overrides: Sequence[str]) -> int:
    """Perform one run for each combination of values; return the exit code.

    Raises:
        SealError: a point has faults (no point has started), or points failed (all others are done).
    """
    if is_search(overrides):
        return search(overrides)
    common, points = split_sweep(overrides)
    if len(points) > 1 and len({each for point in points for each in point if each.startswith("name=")}) > 1:
        raise ConfigError("name: a sweep has one folder, and its points are named by their values: give one name=…")
    checked = [built(point) for point in points]
    faults = [fault for _, faults_of_point in checked for fault in faults_of_point]
    if faults:
        raise ConfigError(listed(FAULTY_POINTS, list(dict.fromkeys(faults))))
    runs = {next(iter(by_name([point], common))): run for point, (run, _) in zip(points, checked, strict=True) if run}
    first = next(iter(runs.values()))
    if "name" not in common:
        first = replace(first, name=f"{first.name}-sweep")
    if (first.folder / MANIFEST).exists():
        raise ConfigError(f"name: {first.folder} holds a single run: choose another name=… for the sweep")
    waiting = {name: run for name, run in runs.items() if not (first.folder / name / RESULTS).exists()}
    if faults := why_not(waiting):
        raise UsageError(listed(FAULTY_POINTS, faults))
    launcher = launcher_of(points[0])
    if launcher:
        if intervals := [each for each in overrides if parsed(each).is_interval_sweep()]:
            faults = [f"{each}: an interval needs a search: set hydra/sweeper=search" for each in intervals]
            raise ConfigError(listed(FAULTY_POINTS, faults))
        launch(first, by_name(points, common), launcher)
    else:
        _through_hydra(first, common, overrides)
    return _close_sweep(first.folder)


def _through_hydra(sweep: Run, common: Sequence[str], overrides: Sequence[str]) -> None:
    """Hydra's multirun with a third-party launcher or sweeper, which decides how to handle failed points."""
    import hydra

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    not_in_names = f"hydra.job.config.override_dirname.exclude_keys=[name,{','.join(common)}]"
    where = (named(sweep.name), f"hydra.sweep.dir={quoted(str(sweep.folder))}")
    quiet = "hydra/hydra_logging=none"  # each point prints its own folder
    sys.argv = ["seal run", "hydra.mode=MULTIRUN", not_in_names, quiet, *overrides, *where]
    hydra.main(config_path=f"pkg://{CONFIG_MODULE}", config_name=CONFIG_NAME, version_base="1.3")(_point)()


def _close_sweep(folder: Path) -> int:
    """The last lines of a sweep."""
    console = Terminal()
    n_points = len(list(folder.glob(f"*/{RESULTS}")))
    console.print(f"folder:  {folder}, with {n_points} points that have results", highlight=False, soft_wrap=True)
    console.print(
        f"next:    seal report {shlex.quote(str(folder))}   compares them, and shows which is best",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return 0


def _point(composed: DictConfig) -> None:
    """Perform one point of a sweep. Its folder is inside the sweep's, and is named by the swept values."""
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    settings = dict(resolve(composed, choices=hydra.runtime.choices))
    settings["name"] = f"{settings['name']}/{hydra.job.override_dirname.replace('/', '_')}"
    sys.argv = ["seal", "run", *alone(hydra.overrides.task, settings["name"])]
    run, faults = loading.build(settings)
    if run is None or faults:
        raise ConfigError(listed(FAULTY, faults))
    perform_watched(run, in_short=True)
