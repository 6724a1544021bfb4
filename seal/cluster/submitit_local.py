"""Jobs as processes on this machine, through submitit: the code path of a cluster without a cluster."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from seal.cluster.jobs import Jobs
from seal.cluster.scheduler import Scheduler, SubmititFolder
from seal.cluster.task import ChunkTask
from seal.cluster.workload import Place, Workload
from seal.settings import option
from seal.types import Postponed

if TYPE_CHECKING:
    from submitit import Job
    from submitit.helpers import DelayedSubmission

LOGS = "submitit"
"""The subfolder of a phase with submitit's own files."""
GLANCE_S = 0.5
"""Seconds between a task's checks that the run still exists."""


@option
class SubmititLocal(Jobs):
    """Jobs as processes on this machine, through submitit: the code path of a cluster without a cluster. All processes
    start at once, and end with the run."""

    minutes: PositiveInt = 1440
    """Time limit of a process. It is then asked to restart, and killed soon after."""
    gpus_here: tuple[NonNegativeInt, ...] = ()
    """Numbers of the GPUs that the processes share, for example `[0,1,2,3]`. The learner gets all of them. `[]` hides
    all GPUs."""
    gpus_per_process: PositiveInt = 1
    """Number of these GPUs that each process gets."""
    array_parallelism: PositiveInt = 2
    """Number of processes at the same time. Each does one chunk of a phase."""
    chunk_minutes: PositiveFloat = 10.0
    """No effect here: there are never more chunks than processes."""
    seconds_per_unit: PositiveFloat | None = None
    """No effect here: there are never more chunks than processes."""
    poll_s: PositiveFloat = 0.5
    settle_s: PositiveFloat = 2.0

    @model_validator(mode="after")
    def _has_gpus_for_all(self) -> Self:
        n_here = len(self.gpus_here)
        if n_here and self.gpus_per_process > n_here:
            raise ValueError(
                f"gpus_here names {n_here} GPUs, but one process needs more: lower gpus_per_process to {n_here}"
            )
        if n_here and self.array_parallelism * self.gpus_per_process > n_here:
            raise ValueError(
                f"gpus_here names {n_here} GPUs, but {self.array_parallelism} processes need {self.gpus_per_process} "
                f"each: lower array_parallelism to {n_here // self.gpus_per_process}, or gpus_per_process"
            )
        return self

    def scheduler(self, work: Workload[Any, Any], phase: Path) -> Scheduler:
        return Processes(self, work, phase / LOGS)

    def gpus(self, place: Place) -> int:
        return len(self.gpus_of(place, chunk=0))

    def gpus_key(self, place: Place) -> str:
        return "cluster.gpus_here"

    def gpus_of(self, place: Place, *, chunk: int) -> tuple[int, ...]:
        """The numbers of the GPUs that a process sees. Chunks that run at the same time share none."""
        if place is Place.LEARNER:
            return self.gpus_here
        first = chunk % self.array_parallelism * self.gpus_per_process
        return self.gpus_here[first : first + self.gpus_per_process]

    def most_chunks(self, n_batches: int) -> int:
        return min(n_batches, self.array_parallelism)


class Processes(SubmititFolder):
    """Jobs that this process starts and watches itself."""

    ends_with_us = True

    def __init__(self, cluster: SubmititLocal, work: Workload[Any, Any], folder: Path) -> None:
        super().__init__(folder, work.secret_variables)
        self.cluster = cluster
        self.jobs: dict[str, Job[Any]] = {}

    def submit(self, tasks: Sequence[ChunkTask], place: Place) -> list[str]:
        from submitit import LocalExecutor

        executor = LocalExecutor(self.folder, max_num_timeout=self.cluster.requeues(place))
        jobs = []
        for task in tasks:
            gpus = self.cluster.gpus_of(place, chunk=task.chunk)
            executor.update_parameters(timeout_min=self.cluster.minutes, gpus_per_node=len(gpus), visible_gpus=gpus)
            jobs.append(executor.submit(EndingWith(task=task, coordinator=os.getpid())))
            self.jobs[jobs[-1].job_id] = jobs[-1]
        return [job.job_id for job in jobs]

    def states(self) -> Mapping[str, str]:
        return {name: job.state for name, job in self.jobs.items() if not job.done()}

    def why_gone(self, job: str) -> str:
        return f"its process was killed ({self.jobs[job].state.lower()})"

    def cancel(self, jobs: Sequence[str]) -> None:
        for name in jobs:
            if name in self.jobs:
                self.jobs[name].cancel()


@dataclass(frozen=True, kw_only=True)
class EndingWith:
    """A task that ends with the run, even if the run is killed. submitit's controller alone would keep it alive."""

    task: ChunkTask
    coordinator: int
    """The process id of the coordinator, an ancestor of the task's process."""

    def __call__(self) -> dict[str, Postponed[Any]]:
        threading.Thread(target=_end_with, args=(self.coordinator,), daemon=True).start()
        return self.task()

    def checkpoint(self) -> "DelayedSubmission":
        """The same task again, after a time limit."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _end_with(coordinator: int) -> None:
    """End this process when the coordinator has ended. Otherwise it would hold GPUs that the resumed run needs."""
    while _descends_from(coordinator):
        time.sleep(GLANCE_S)
    os._exit(1)


def _descends_from(number: int) -> bool:
    """True if the process with this number is an ancestor.

    A later process with the same number is not: orphans are adopted by a process that existed before.
    """
    import psutil

    try:
        above = psutil.Process().parent()
        while above and above.pid != number:
            above = above.parent()
    except psutil.NoSuchProcess:  # a process in between has just ended
        return False
    return above is not None
