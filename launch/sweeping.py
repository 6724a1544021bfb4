"""A sweep whose points are jobs: Hydra's submitit launchers with what they lack.

Every point ends with an outcome, whatever becomes of the others; what has succeeded is not submitted again; and on
Ctrl-C no job is left. The settings of a job are those of Hydra's launcher, `hydra.launcher.*`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf
from rich.console import Console

from seal import config
from seal.cluster.scheduler import SubmititFolder
from seal.cluster.slurm_queue import cancel, job_name, outside_of_any_job, queued, why_gone
from seal.errors import ConfigError, RunError, SealError, listed
from seal.experiment import perform
from seal.lab import Silent
from seal.manifest import differences
from seal.redaction import redacted_tree
from seal.report.folder import write_report
from seal.run import Run
from seal.run_files import read_manifest
from seal.store import RESULTS

if TYPE_CHECKING:
    from submitit import Job
    from submitit.helpers import DelayedSubmission

EXECUTORS = {"SlurmLauncher": "slurm", "LocalLauncher": "local"}
"""By the launcher's class."""
SEARCH = "searching.Search"
"""The sweeper of our own: it chooses points, and leaves them to us."""
OUTCOMES, KILLED = "sweep.json", "its job was killed"
POLL_S, SETTLE_S = 2.0, 15.0
_NOT_FOR_SUBMITIT = ("_target_", "submitit_folder", "name", "max_num_timeout")
_FOR_ALL_EXECUTORS = (
    *("timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes"),
    "stderr_to_stdout",
)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a sweep, as a job does it."""

    overrides: tuple[str, ...]

    def __call__(self) -> str:
        """Empty, or why it failed."""
        try:
            run, settings = config.load(self.overrides)
            perform(run, settings, Silent())
            write_report(run.folder)
        except SealError as error:
            return str(error)
        return ""

    def checkpoint(self) -> "DelayedSubmission":
        """Before a time limit or a preemption: the same run goes on from its records."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def launcher_of(overrides: Sequence[str]) -> Mapping[str, Any] | None:
    """The settings of the launcher, if its jobs are submitit's and the points are known beforehand."""
    composed = config.compose_with_hydra(overrides)
    launcher = OmegaConf.to_container(composed.hydra.launcher, resolve=False)
    assert isinstance(launcher, dict)
    is_basic = str(composed.hydra.sweeper._target_).endswith(("BasicSweeper", SEARCH))
    known = str(launcher["_target_"]).rpartition(".")[2] in EXECUTORS
    return {str(key): value for key, value in launcher.items()} if is_basic and known else None


def launch(sweep: Run, points: Mapping[str, Sequence[str]], launcher: Mapping[str, Any]) -> int:
    """Run the points, by name, each as a job, in folders that lie in the one of the sweep.

    Raises:
        ConfigError: a folder holds another run.
        RunError: points failed, when all others are done; with each reason.
    """
    failed = {name: reason for name, reason in outcomes(sweep, points, launcher).items() if reason}
    told = {name: {"overrides": list(points[name]), "failed": failed.get(name)} for name in points}
    (sweep.folder / OUTCOMES).write_text(json.dumps(redacted_tree(told), indent=2) + "\n")
    if failed:
        reasons = [f"{name}: {reason.splitlines()[-1]}" for name, reason in failed.items()]
        raise RunError(
            listed(f"{len(failed)} of {len(points)} points failed; the same command tries them again:", reasons)
        )
    return 0


def outcomes(sweep: Run, points: Mapping[str, Sequence[str]], launcher: Mapping[str, Any] | None) -> dict[str, str]:
    """Run the points that are not done, as jobs or, without a launcher, here; why each failed, or nothing.

    Raises:
        ConfigError: a folder holds another run.
    """
    console = Console(stderr=True)
    runs = {name: Point(overrides=(*overrides, f"name='{sweep.name}/{name}'")) for name, overrides in points.items()}
    waiting = {name: point for name, point in runs.items() if not _is_done(point)}
    console.print(f"{len(runs) - len(waiting)} of {len(runs)} points are done already", highlight=False)
    found = dict.fromkeys(points, "")
    if waiting:
        ended = _outcomes(sweep.folder, waiting, launcher) if launcher else _here(waiting)
        for name, reason in ended:
            console.print(f"{name}: {reason or 'done'}", highlight=False, markup=False)
            found[name] = reason
    return found


def _here(points: Mapping[str, Point]) -> Iterator[tuple[str, str]]:
    """The same as `_outcomes`, one after another in this process."""
    for name, point in points.items():
        yield name, point()


def _is_done(point: Point) -> bool:
    run, settings = config.load(point.overrides)
    if not (run.folder / RESULTS).exists():
        return False
    there = read_manifest(run.folder)["settings"]
    faults = differences(there, json.loads(json.dumps(redacted_tree(settings), default=str)))
    if faults:
        raise ConfigError(listed(f"{run.folder} holds another run; choose another name=… for the sweep:", faults))
    return True


def _outcomes(folder: Path, points: Mapping[str, Point], launcher: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each point's name with why it failed, or nothing, as they end."""
    logs = (folder / ".submitit" / "%j").absolute()
    kind = EXECUTORS[str(launcher["_target_"]).rpartition(".")[2]]
    jobs = _submitted(logs, points, launcher, kind=kind, name=job_name(folder))
    is_there = partial(_on_slurm, job_name(folder)) if kind == "slurm" else _as_process
    missed_s: dict[str, float] = {}
    try:
        while jobs:
            there = is_there(jobs)
            for name, job in list(jobs.items()):
                reason = _ended(logs, job, is_there=name in there, missed_s=missed_s)
                if reason == KILLED:
                    reason += f": {why_gone(job.job_id)}" if kind == "slurm" else ""
                if reason is not None:
                    del jobs[name]
                    yield name, reason
            sleep(POLL_S if jobs else 0)
    finally:
        for job in jobs.values():
            job.cancel(check=False)
        if kind == "slurm":
            cancel([job.job_id for job in jobs.values()])


def _submitted(
    logs: Path, points: Mapping[str, Point], launcher: Mapping[str, Any], *, kind: str, name: str
) -> "dict[str, Job[str]]":
    from submitit import AutoExecutor

    timeouts = {"slurm_max_num_timeout": launcher["max_num_timeout"]} if kind == "slurm" else {}
    executor = AutoExecutor(cluster=kind, folder=logs, **timeouts)
    asked = {key: value for key, value in launcher.items() if key not in _NOT_FOR_SUBMITIT}
    parameters = {key if key in _FOR_ALL_EXECUTORS else f"{kind}_{key}": value for key, value in asked.items()}
    executor.update_parameters(name=name, **parameters)
    elsewhere: AbstractContextManager[None] = outside_of_any_job() if kind == "slurm" else nullcontext()
    with elsewhere, executor.batch():
        jobs = [executor.submit(point) for point in points.values()]
    return dict(zip(points, jobs, strict=True))


def _on_slurm(name: str, jobs: "Mapping[str, Job[str]]") -> set[str]:
    """The points whose jobs wait or run; all of them while SLURM does not answer."""
    states = queued(name)
    return {point for point, job in jobs.items() if states is None or job.job_id in states}


def _as_process(jobs: "Mapping[str, Job[str]]") -> set[str]:
    return {point for point, job in jobs.items() if not job.done()}


def _ended(logs: Path, job: "Job[str]", *, is_there: bool, missed_s: dict[str, float]) -> str | None:
    """Why a point failed, or nothing if it did not; None as long as it is under way."""
    outcome = SubmititFolder(logs).outcome(job.job_id)
    if outcome is not None:
        return outcome.error or str(outcome.value)
    if is_there:
        return None
    missed_for_s = monotonic() - missed_s.setdefault(job.job_id, monotonic())
    return KILLED if missed_for_s >= SETTLE_S else None
