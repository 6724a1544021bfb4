"""Jobs of a SLURM cluster, through submitit. SLURM is the queue and the scheduler.

SEAL needs only `sbatch`, `squeue` and `scancel`. Accounting (`sacct`) gives better reasons in messages if it exists.
Nothing depends on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from seal.cluster.jobs import Jobs
from seal.cluster.ledger import all_entries
from seal.cluster.scheduler import Scheduler, SubmititFolder
from seal.cluster.slurm_queue import cancel, coordinator_name, job_name, queued, refuse_silence, submit, why_gone
from seal.cluster.task import ChunkTask
from seal.cluster.workload import Place, Workload
from seal.errors import UsageError
from seal.folder.store import JOBS
from seal.settings import option

if TYPE_CHECKING:
    from submitit import SlurmExecutor

LOGS = "slurm"
"""The subfolder of a phase with submitit's own files."""
COORDINATOR = "coordinator"
"""The subfolder of the run's jobs with submitit's files for the coordinator."""
REQUEUES = 10_000
"""A coordinator mostly waits, so it may reach its time limit any number of times."""


@dataclass(frozen=True, kw_only=True)
class InQueue:
    """The jobs of a run that wait or run, with their states."""

    coordinators: Mapping[str, str]
    workers: Mapping[str, str]


def in_queue(run_folder: Path) -> InQueue | None:
    """The jobs of a run that wait or run. None if SLURM does not answer; then jobs may still be running."""
    jobs = run_folder / JOBS
    coordinators = queued(coordinator_name(run_folder)) if (jobs / COORDINATOR).is_dir() else {}
    workers = queued(job_name(run_folder)) if any(jobs.glob(f"*/{LOGS}")) else {}
    return None if coordinators is None or workers is None else InQueue(coordinators=coordinators, workers=workers)


def refuse_without_slurm() -> None:
    """Check that jobs can be submitted from this machine.

    Raises:
        UsageError: SLURM is not installed here.
    """
    if which("srun") is None:
        raise UsageError(
            "cluster: there is no SLURM on this machine (no srun): run this where jobs are submitted, or choose "
            "cluster=local"
        )


@option
class Resources:
    """The resources of one job."""

    partition: str | None = None
    """null takes the cluster's default, here and in the next three settings."""
    account: str | None = None
    """The account that the hours are booked on."""
    qos: str | None = None
    """The quality of service."""
    constraint: str | None = None
    """Features that a node must have."""
    gpus: NonNegativeInt = 1
    """GPUs on one node."""
    cpus: PositiveInt = 4
    """CPU cores on one node."""
    memory_gb: PositiveFloat = 32.0
    """Main memory on one node, in GiB."""
    minutes: PositiveInt = 60
    """The time limit. A worker or coordinator that reaches it is requeued and resumes from its records. The work of a
    learner is one unit. It has to fit into the limit, and starts from the beginning after a death."""
    more: Mapping[str, str | int | bool] = field(default_factory=dict)
    """Other options of sbatch, by name, for example `+cluster.workers.more.exclude=node7`."""

    def parameters(self) -> dict[str, Any]:
        """The same under the names of submitit's executor."""
        asked = {
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "constraint": self.constraint,
            "gpus_per_node": self.gpus or None,
        }
        return {
            **{name: value for name, value in asked.items() if value is not None},
            "nodes": 1,
            "ntasks_per_node": 1,
            "cpus_per_task": self.cpus,
            "mem": f"{round(self.memory_gb * 1024)}MB",
            "time": self.minutes,
            "additional_parameters": {"requeue": True, **self.more},
        }


@option
class Slurm(Jobs):
    """Jobs of a SLURM cluster, through submitit. All nodes need one shared folder. `seal check cluster=slurm …` shows
    the resources that jobs would ask for."""

    workers: Resources = Resources()
    """Resources of jobs that write self-edits, try plans out, or ask models."""
    learner: Resources = Resources(minutes=240)
    """Resources of jobs that train all weights or fine-tune the policy."""
    coordinator: Resources = Resources(gpus=0, cpus=1, memory_gb=4.0, minutes=1440)
    """Resources of the run itself, with `seal run --detach`."""
    setup: tuple[str, ...] = ()
    """Shell lines at the start of a job, for example `["module load cuda"]`."""
    container: str | None = None
    """A prefix for `python` in a job, for example `apptainer exec --nv seal.sif`; null runs the current Python."""
    srun_arguments: tuple[str, ...] = ()
    """Other arguments of srun, for example `["--container-image=…"]`."""
    signal_s: PositiveInt = 90
    """Seconds before its time limit when a job is warned and requeued."""
    array_size: Annotated[PositiveInt, Field(le=4_000_000)] = 1000
    """Maximum number of jobs in one array: the cluster's MaxArraySize (1001 by default) minus one. A phase is one
    array. If it is full, its chunks get larger."""
    interrupted: Literal["ask", "leave", "cancel"] = "ask"
    """What to do with jobs when the run is interrupted. `ask` asks on a terminal, and leaves the jobs elsewhere."""
    array_parallelism: PositiveInt = 8
    """Maximum number of jobs that run at the same time, for example the number of GPUs. Jobs that are submitted again
    form another array with the same limit."""
    chunk_minutes: PositiveFloat = 20.0
    poll_s: PositiveFloat = 10.0
    """Seconds between two looks at the queue and the records."""
    settle_s: PositiveFloat = 60.0

    def ready(self, run_folder: Path) -> None:
        refuse_without_slurm()
        if not all_entries(run_folder):
            refuse_silence(job_name(run_folder))

    def scheduler(self, work: Workload[Any, Any], phase: Path) -> Scheduler:
        refuse_without_slurm()
        return SlurmJobs(self, work, phase / LOGS)

    def gpus(self, place: Place) -> int:
        return self.resources(place).gpus

    def gpus_key(self, place: Place) -> str:
        return f"cluster.{'learner' if place is Place.LEARNER else place.value}.gpus"

    def resources(self, place: Place) -> Resources:
        return {Place.WORKERS: self.workers, Place.LEARNER: self.learner, Place.COORDINATOR: self.coordinator}[place]

    def requeues(self, place: Place) -> int:
        return REQUEUES if place is Place.COORDINATOR else super().requeues(place)

    def most_chunks(self, n_batches: int) -> int:
        return min(n_batches, self.array_size)

    def executor(self, folder: Path, place: Place, *, name: str) -> "SlurmExecutor":
        """The submitit executor for jobs of a place."""
        from submitit import SlurmExecutor

        python = f"{self.container} python" if self.container else None
        executor = SlurmExecutor(folder, max_num_timeout=self.requeues(place), python=python)
        executor.update_parameters(**self._parameters(place, name))
        return executor

    def directives(self, place: Place, *, n_jobs: int, name: str) -> list[str]:
        """The `#SBATCH` lines for an array of `n_jobs` jobs. This needs no SLURM."""
        from submitit.slurm.slurm import _make_sbatch_string

        parameters = self._parameters(place, name)
        script = _make_sbatch_string("", "LOGS", map_count=n_jobs if n_jobs > 1 else None, **parameters)
        return [line for line in script.splitlines() if line.startswith("#SBATCH")]

    def _parameters(self, place: Place, name: str) -> dict[str, Any]:
        return {
            **self.resources(place).parameters(),
            "job_name": name,
            "array_parallelism": self.array_parallelism,
            "setup": [*self.setup],
            "signal_delay_s": self.signal_s,
            "srun_args": [*self.srun_arguments],
            "wckey": None,  # submitit's own default is refused by clusters that track such keys
        }

    def left_behind(self, run_folder: Path) -> Mapping[str, str] | None:
        found = in_queue(run_folder)
        return found.workers if found else None

    def on_interruption(self) -> Literal["ask", "leave", "cancel"]:
        return self.interrupted

    def cancel(self, jobs: Sequence[str]) -> None:
        cancel(jobs)

    def detach(self, coordinator: Callable[[], Any], run_folder: Path) -> str:
        """Submit the coordinator of a run as a job, and return the job's id.

        Raises:
            RunError: SLURM refuses the job; with its message.
        """
        executor = self.executor(run_folder / JOBS / COORDINATOR, Place.COORDINATOR, name=coordinator_name(run_folder))
        return submit(executor, [coordinator])[0]


class SlurmJobs(SubmititFolder):
    """The jobs of one phase."""

    ends_with_us = False

    def __init__(self, cluster: Slurm, work: Workload[Any, Any], folder: Path) -> None:
        super().__init__(folder, work.secret_variables)
        self.cluster, self.name = cluster, job_name(work.store.folder)

    def submit(self, tasks: Sequence[ChunkTask], place: Place) -> list[str]:
        return submit(self.cluster.executor(self.folder, place, name=self.name), tasks)

    def states(self) -> Mapping[str, str] | None:
        return queued(self.name)

    def why_gone(self, job: str) -> str:
        return why_gone(job)

    def cancel(self, jobs: Sequence[str]) -> None:
        cancel(jobs)
