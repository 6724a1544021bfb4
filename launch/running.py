"""`seal run`: one experiment, or one for each point of a sweep."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from seal import config
from seal.errors import ConfigError, listed
from seal.experiment import perform
from seal.report.console import print_closing, print_summary
from seal.report.findings import read_findings
from seal.report.folder import write_report
from seal.run import Run
from seal.store import MANIFEST, RESULTS

from .jobs import decide_on_jobs
from .points import by_name, faults_of, split_sweep
from .progress import watch
from .searching import is_search, search
from .sweeping import launch, launcher_of


def run_one(overrides: Sequence[str]) -> int:
    """Exit code of one run.

    Raises:
        SealError: it cannot start or cannot go on.
    """
    run, settings = config.load(overrides)
    try:
        _perform(run, settings)
    except KeyboardInterrupt as interruption:
        decide_on_jobs(run, interactive=type(interruption) is KeyboardInterrupt)
        raise
    return 0


def sweep(overrides: Sequence[str]) -> int:
    """Exit code of one run for each combination of values, through Hydra's multirun and whichever launcher it has.

    Raises:
        SealError: a point is faulty, before any has started; or of the first that failed, when all others are done.
    """
    import hydra

    if is_search(overrides):
        return search(overrides)
    common, points = split_sweep(overrides)
    if len(points) > 1 and len({each for point in points for each in point if each.startswith("name=")}) > 1:
        raise ConfigError("name: a sweep has one folder, and names what lies in it by what is swept: give one name=…")
    faults = [fault for point in points for fault in faults_of(point)]
    if faults:
        raise ConfigError(listed("points of the sweep have faults:", list(dict.fromkeys(faults))))
    first, _ = config.load(points[0])
    if "name" not in common:
        first = replace(first, name=f"{first.name}-sweep")
    if (first.folder / MANIFEST).exists():
        raise ConfigError(f"name: {first.folder} holds a single run: choose another name=… for the sweep")
    launcher = launcher_of(points[0])
    if launcher:
        launch(first, by_name(points, common), launcher)
        return _close_sweep(first.folder)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach us instead of being printed by Hydra
    not_in_names = f"hydra.job.config.override_dirname.exclude_keys=[name,{','.join(common)}]"
    where = (f"name='{first.name}'", f"hydra.sweep.dir='{first.folder}'")
    quiet = "hydra/hydra_logging=none"  # each point says itself where it is
    sys.argv = ["seal run", "hydra.mode=MULTIRUN", not_in_names, quiet, *overrides, *where]
    hydra.main(config_path=f"pkg://{config.CONFIG_MODULE}", config_name=config.CONFIG_NAME, version_base="1.3")(
        _point
    )()
    return _close_sweep(first.folder)


def _close_sweep(folder: Path) -> int:
    """The last lines of a sweep."""
    console = Console()
    n_points = len(list(folder.glob(f"*/{RESULTS}")))
    console.print(f"folder:  {folder}, with {n_points} points that have results", highlight=False, soft_wrap=True)
    console.print(
        f"next:    seal report {shlex.quote(str(folder))}   sets them side by side, and says which is best",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return 0


def _point(composed: DictConfig) -> None:
    """One point of a sweep: its folder lies in the sweep's and is named by what was swept."""
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    settings = dict(config.resolve(composed, choices=hydra.runtime.choices))
    settings["name"] = f"{settings['name']}/{hydra.job.override_dirname.replace('/', '_')}"
    run, faults = config.build(settings)
    if run is None or faults:
        raise ConfigError(listed(config.FAULTY, faults))
    _perform(run, settings, in_short=True)


def _perform(run: Run, settings: Mapping[str, Any], *, in_short: bool = False) -> None:
    console = Console(stderr=True)
    console.print(_opening(run.folder), highlight=False, markup=False, soft_wrap=True)
    with watch(console) as monitor:
        perform(run, settings, monitor)
    write_report(run.folder)
    if in_short:
        print_closing(Console(), run.folder, read_findings(run.folder).results, in_short=True)
    else:
        print_summary(run.folder)


def _opening(folder: Path) -> str:
    """The first thing that is said: where the run is, and whether it begins."""
    if (folder / RESULTS).exists():
        return f"{folder}: done already; its results again, from its records"
    going = "goes on from its records" if (folder / MANIFEST).exists() else "begins"
    return f"{folder}: {going}; `seal status {shlex.quote(str(folder))}` says how far it is, also from elsewhere"
