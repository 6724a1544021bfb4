"""Runs a sweep. Every point gets an outcome, even if others fail. Points that succeeded are not run again.

Points run in this process, one after another, or as jobs of Hydra's submitit launchers. The sweep's folder records each
outcome as soon as it is known.
"""

import json
import sys
import traceback
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from seal.base.monitor import Silent
from seal.base.redaction import key_variables, redacted, redacted_tree
from seal.base.terminal import Terminal
from seal.cluster.task import told_without_secrets
from seal.config import loading
from seal.config.composing import compose_with_hydra
from seal.config.run import Run
from seal.errors import ConfigError, RunError, SealError, listed
from seal.folder.run_files import OUTCOMES, read_manifest
from seal.folder.store import RESULTS, Store
from seal.report.folder import write_report
from seal.session.experiment import perform
from seal.session.interruption import decide_on_jobs
from seal.session.manifest import settings_that_differ
from seal.session.performing import perform_watched
from seal.sweep.jobs import EXECUTORS, outcomes_of
from seal.sweep.outcomes import Outcome, in_short, read_outcomes
from seal.sweep.points import alone

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

HERE = "BasicLauncher"
"""The class of Hydra's own launcher. It starts no jobs."""
LISTED, SEARCH = "BasicSweeper", "search.Search"
"""The classes of Hydra's own sweeper and of SEAL's search. Only with these does SEAL know the points."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a sweep, as a job runs it."""

    overrides: tuple[str, ...]
    """The overrides that would start this run alone."""
    key_variables: frozenset[str]
    """The key variables of the sweep's endpoints."""

    def __call__(self) -> str:
        """Run the point; return why it failed, empty if it succeeded.

        Secrets are removed, because submitit writes to disk what a job returns or raises.
        """
        with told_without_secrets(self.key_variables):
            try:
                run = self.taken_up()
                perform(run, Silent(), command=sys.argv)
                write_report(run.folder)
            except SealError as error:
                return redacted(str(error), self.key_variables)
            return ""

    def taken_up(self) -> Run:
        """The run. This also sets `sys.argv` to the command that would resume the run."""
        sys.argv = ["seal", "run", *self.overrides]
        return loading.load(self.overrides)[0]

    def checkpoint(self) -> "DelayedSubmission":
        """The same point again, which resumes from its records after a time limit or a preemption."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def launcher_of(overrides: Sequence[str]) -> Mapping[str, Any] | None:
    """The settings of the launcher, if SEAL knows the points and can launch them; None for third-party plugins."""
    composed = compose_with_hydra(overrides)
    node = OmegaConf.to_container(composed.hydra.launcher, resolve=False)
    assert isinstance(node, dict)
    launcher = {str(key): value for key, value in node.items()}
    knows_points = str(composed.hydra.sweeper._target_).endswith((LISTED, SEARCH))
    does_its_work = _class(launcher) in (HERE, *EXECUTORS)
    return launcher if knows_points and does_its_work else None


def launch(sweep: Run, points: Mapping[str, Sequence[str]], launcher: Mapping[str, Any]) -> None:
    """Run the points, by name, in folders inside the sweep's folder.

    Raises:
        UsageError: as `outcomes`.
        RunError: points failed; raised once all others are done, with each reason. Or as `outcomes`.
    """
    failed = {name: reason for name, reason in outcomes(sweep, points, launcher).items() if reason}
    if failed:
        reasons = [f"{name}: {in_short(reason)}" for name, reason in failed.items()]
        raise RunError(
            listed(f"{len(failed)} of {len(points)} points failed; the same command tries them again:", reasons)
        )


def outcomes(sweep: Run, points: Mapping[str, Sequence[str]], launcher: Mapping[str, Any]) -> dict[str, str]:
    """Run the points that are not done, here or as jobs. Returns why each failed; empty if it succeeded.

    Raises:
        UsageError: a folder holds another run; or jobs cannot be submitted from here, or are in the queue already.
        RunError: the scheduler refuses the jobs.
    """
    console = Terminal(stderr=True)
    typed = {name: alone(each, f"{sweep.name}/{name}") for name, each in points.items()}
    asked = {name: loading.load(overrides)[0] for name, overrides in typed.items()}
    also = key_variables([*asked.values()])
    runs = {name: Point(overrides=overrides, key_variables=also) for name, overrides in typed.items()}
    waiting = {name: point for name, point in runs.items() if not _is_done(asked[name], launcher)}
    console.print(f"{len(runs) - len(waiting)} of {len(runs)} points are done already", highlight=False)
    known = read_outcomes(sweep.folder)
    failed = {name: None if name not in waiting else _failed(known, name) for name in runs}
    _note(sweep.folder, failed, points, also)
    found = dict.fromkeys(points, "")
    try:
        with closing(_ended(sweep.folder, waiting, launcher, also)) as ended:
            for name, said in ended:
                reason = redacted(said, also)
                console.print(f"{name}: {reason or 'done'}", highlight=False, markup=False, soft_wrap=True)
                found[name] = reason
                _note(sweep.folder, {name: reason or None}, points, also)
    except KeyboardInterrupt as interruption:
        if _class(launcher) != HERE:
            for name in waiting:
                decide_on_jobs(asked[name], interactive=type(interruption) is KeyboardInterrupt)
        raise
    return found


def _class(launcher: Mapping[str, Any]) -> str:
    return str(launcher["_target_"]).rpartition(".")[2]


def _ended(
    folder: Path, points: Mapping[str, Point], launcher: Mapping[str, Any], also: Collection[str]
) -> Generator[tuple[str, str], None, None]:
    """The name of each point when it ends, with why it failed; empty if it succeeded."""
    if _class(launcher) == HERE:
        yield from ((name, _outcome_here(point)) for name, point in points.items())
    elif points:
        yield from outcomes_of(EXECUTORS[_class(launcher)](folder, launcher, also), points)


def _outcome_here(point: Point) -> str:
    """Run a point in this process; return why it failed, empty if it succeeded."""
    try:
        perform_watched(point.taken_up(), in_short=True)
    except SealError as error:
        return str(error)
    except Exception as error:  # a bug met by one point must not stop the others; its traceback is printed
        print(redacted(traceback.format_exc(), point.key_variables), end="", file=sys.stderr)
        return f"{type(error).__name__}: {error}"
    return ""


def _is_done(run: Run, launcher: Mapping[str, Any]) -> bool:
    if run.if_exists != "resume":
        if _class(launcher) != HERE:
            raise ConfigError(
                f"if_exists: jobs may be restarted, which does not work with {run.if_exists}: set if_exists=resume"
            )
        return False
    if not (run.folder / RESULTS).exists():
        return False
    faults = settings_that_differ(read_manifest(run.folder), run)
    if faults:
        raise ConfigError(listed(f"{run.folder} holds a different run; choose another name=… for the sweep:", faults))
    return True


def _failed(known: Mapping[str, Outcome], name: str) -> str | None:
    return known[name]["failed"] if name in known else None


def _note(
    folder: Path, failed: Mapping[str, str | None], points: Mapping[str, Sequence[str]], also: Collection[str]
) -> None:
    """Record why points failed, or that they succeeded, beside the recorded outcomes of other points."""
    fresh = {name: Outcome(overrides=list(points[name]), failed=why) for name, why in failed.items()}
    told = redacted_tree({**read_outcomes(folder), **fresh}, also)
    Store(folder).write(OUTCOMES, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
