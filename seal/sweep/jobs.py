"""Submits the points of a sweep as jobs of Hydra's submitit launchers, and watches them. They end when the sweep ends.

A job has the settings of Hydra's launcher, `hydra.launcher.*`.
"""

import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from seal.cluster.scheduler import SubmititFolder
from seal.cluster.slurm_queue import cancel, job_name, queued, submit, why_gone
from seal.errors import ConfigError, RunError, UsageError

if TYPE_CHECKING:
    from submitit import AutoExecutor, Job

POLL_S, SETTLE_S = 2.0, 15.0
KILLED = "its job was killed"
PROGRAMS = ("sbatch", "srun", "squeue", "scancel")
_NOT_FOR_SUBMITIT = ("_target_", "submitit_folder", "name", "max_num_timeout")
_FOR_ALL_EXECUTORS = (
    *("timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes"),
    "stderr_to_stdout",
)


class PointJobs(SubmititFolder, ABC):
    """The jobs that run the points of a sweep."""

    def __init__(self, sweep: Path, launcher: Mapping[str, Any], also: Collection[str]) -> None:
        super().__init__(sweep / ".submitit" / "%j", also)
        self.sweep, self.launcher, self.name = sweep, launcher, job_name(sweep)

    def ready(self) -> None:  # processes on this machine need nothing
        """Check that points can be submitted.

        Raises:
            UsageError: a program is missing, or jobs of this sweep are in the queue already.
            RunError: the scheduler does not answer.
        """

    @abstractmethod
    def submit(self, points: Sequence[Callable[[], str]]) -> list[str]:
        """Submit points, and return the ids of their jobs.

        Raises:
            RunError: nothing was submitted; with the reason.
        """

    @abstractmethod
    def there(self, jobs: Collection[str]) -> Collection[str]:
        """The jobs that wait or run. All of them, if the scheduler does not answer."""

    @abstractmethod
    def why_gone(self, job: str) -> str:
        """Why a job ended without an outcome, as far as is known."""

    @abstractmethod
    def cancel(self, jobs: Sequence[str]) -> None:
        """End jobs."""

    def executor(self, kind: str, **settings: Any) -> "AutoExecutor":
        """The submitit executor, with the settings of the launcher."""
        from submitit import AutoExecutor

        executor = AutoExecutor(cluster=kind, folder=self.folder, **settings)
        asked = {key: value for key, value in self.launcher.items() if key not in _NOT_FOR_SUBMITIT}
        parameters = {key if key in _FOR_ALL_EXECUTORS else f"{kind}_{key}": value for key, value in asked.items()}
        executor.update_parameters(name=self.name, **parameters)
        return executor


class Processes(PointJobs):
    """Processes on this machine. All of them start at once."""

    def __init__(self, sweep: Path, launcher: Mapping[str, Any], also: Collection[str]) -> None:
        super().__init__(sweep, launcher, also)
        self.jobs: dict[str, Job[str]] = {}

    def submit(self, points: Sequence[Callable[[], str]]) -> list[str]:
        executor = self.executor("local")
        try:
            for point in points:
                job = executor.submit(point)
                self.jobs[job.job_id] = job
        except BaseException:
            self.cancel(list(self.jobs))
            raise
        return list(self.jobs)

    def there(self, jobs: Collection[str]) -> Collection[str]:
        return [job for job in jobs if not self.jobs[job].done()]

    def why_gone(self, job: str) -> str:
        return KILLED

    def cancel(self, jobs: Sequence[str]) -> None:
        for job in jobs:
            self.jobs[job].cancel()


class SlurmPoints(PointJobs):
    """Jobs of a SLURM cluster."""

    def ready(self) -> None:
        if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
            raise UsageError(
                f"hydra/launcher: there is no SLURM on this machine (no {', '.join(missing)}): run this where jobs are "
                "submitted, or choose hydra/launcher=basic or submitit_local"
            )
        there = queued(self.name)
        if there is None:
            raise RunError(
                "SLURM does not answer (squeue): jobs of this sweep may be in the queue already. Nothing was submitted"
            )
        if there:
            raise ConfigError(
                f"name: {len(there)} jobs of {self.sweep} wait or run already ({', '.join(there)}): wait for them, or "
                f"end them with `scancel --name={self.name}`; the same command then does the rest"
            )

    def submit(self, points: Sequence[Callable[[], str]]) -> list[str]:
        executor = self.executor("slurm", slurm_max_num_timeout=self.launcher["max_num_timeout"])
        try:
            return submit(executor, points)  # type: ignore[arg-type]  # it hands on to a SlurmExecutor
        except KeyboardInterrupt:
            self.cancel(list(queued(self.name) or ()))  # SLURM may have taken them already
            raise

    def there(self, jobs: Collection[str]) -> Collection[str]:
        states = queued(self.name)
        return jobs if states is None else states.keys()

    def why_gone(self, job: str) -> str:
        return f"{KILLED}: {why_gone(job)}"

    def cancel(self, jobs: Sequence[str]) -> None:
        try:
            cancel(jobs)
        except RunError as error:  # an interruption must go on, so the error is only printed
            print(f"\n{error}. `scancel --name={self.name}` ends them", file=sys.stderr)


EXECUTORS: Mapping[str, type[PointJobs]] = {"SlurmLauncher": SlurmPoints, "LocalLauncher": Processes}
"""By the launcher's class."""


def outcomes_of(jobs: PointJobs, points: Mapping[str, Callable[[], str]]) -> Iterator[tuple[str, str]]:
    """The name of each point when its job ends, with why it failed; empty if it succeeded.

    If the caller stops, jobs that are left are cancelled.

    Raises:
        SealError: the jobs cannot be submitted.
    """
    jobs.ready()
    names = dict(zip(jobs.submit(list(points.values())), points, strict=True))
    missed_s: dict[str, float] = {}
    try:
        while names:
            there = jobs.there(names.keys())
            for job in list(names):
                reason = _ended(jobs, job, is_there=job in there, missed_s=missed_s)
                if reason is not None:
                    yield names.pop(job), reason
            sleep(POLL_S if names else 0)
    finally:
        jobs.cancel(list(names))


def _ended(jobs: PointJobs, job: str, *, is_there: bool, missed_s: dict[str, float]) -> str | None:
    """Why a point failed; empty if it succeeded, None while it still runs."""
    outcome = jobs.outcome(job)
    if outcome is not None:
        return outcome.error or str(outcome.value)
    if is_there:
        return None
    missed_for_s = monotonic() - missed_s.setdefault(job, monotonic())
    return jobs.why_gone(job) if missed_for_s >= SETTLE_S else None
