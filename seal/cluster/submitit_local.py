"""Jobs as processes of this machine, through submitit: the path of a cluster without one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import NonNegativeInt, PositiveInt

from seal.cluster import Place
from seal.cluster.jobs import Jobs
from seal.cluster.scheduler import Scheduler, SubmititFolder
from seal.cluster.task import Task
from seal.settings import option

if TYPE_CHECKING:
    from submitit import Job

LOGS = "submitit"
"""The folder of submitit's own files, in a phase's folder."""


@option
class SubmititLocal(Jobs):
    """Processes of this machine. All of them start at once, and end with the run."""

    minutes: PositiveInt
    """A process is asked to begin anew when it has run so long, and killed soon after."""
    n_gpus: NonNegativeInt
    """Each process sees so many, the same ones."""

    def scheduler(self, run_folder: Path, phase: Path) -> Scheduler:
        return Processes(phase / LOGS, minutes=self.minutes, n_gpus=self.n_gpus, max_deaths=self.max_deaths)

    def most_chunks(self, n_batches: int) -> int:
        return min(n_batches, self.array_parallelism)


class Processes(SubmititFolder):
    """Jobs started here, which this process watches itself."""

    ends_with_us = True

    def __init__(self, folder: Path, *, minutes: int, n_gpus: int, max_deaths: int) -> None:
        super().__init__(folder)
        self.minutes, self.n_gpus, self.max_deaths = minutes, n_gpus, max_deaths
        self.jobs: dict[str, Job[Any]] = {}

    def submit(self, tasks: Sequence[Task], place: Place) -> list[str]:
        from submitit import LocalExecutor

        executor = LocalExecutor(self.folder, max_num_timeout=self.max_deaths)
        executor.update_parameters(timeout_min=self.minutes, gpus_per_node=self.n_gpus)
        with executor.batch():
            jobs = [executor.submit(task) for task in tasks]
        self.jobs |= {job.job_id: job for job in jobs}
        return [job.job_id for job in jobs]

    def states(self) -> Mapping[str, str]:
        return {name: job.state for name, job in self.jobs.items() if not job.done()}

    def why_gone(self, job: str) -> str:
        return f"its process was killed ({self.jobs[job].state.lower()})"

    def cancel(self, jobs: Sequence[str]) -> None:
        for name in jobs:
            if name in self.jobs:
                self.jobs[name].cancel()
