"""Does work in separate jobs: cuts it into chunks, submits and watches jobs, and submits them again if they die.

One process coordinates, and it may die. The records of tasks and the list of jobs are on disk, so the same command
continues with both. This module knows no scheduler. `seal.cluster.slurm` and its neighbours have their own.
"""

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from seal.cluster import Cluster
from seal.cluster.batches import batches_of
from seal.cluster.local import Local
from seal.cluster.phase import Phase
from seal.cluster.scheduler import Scheduler
from seal.cluster.workload import Place, Result, Unit, Workload
from seal.errors import RunError
from seal.settings import option
from seal.types import Postponed


@option
class Jobs(Cluster):
    """A cluster that does work in jobs."""

    threads: PositiveInt | None = None
    """CPU threads of torch in a job; null leaves the choice to torch. The number changes rounding, so compare runs with
    equal numbers."""
    array_parallelism: PositiveInt
    """Maximum number of jobs that run at the same time."""
    chunk_minutes: PositiveFloat
    """Approximate work of one job. Each job loads the model once, so short jobs waste time. Long jobs wait long in the
    queue."""
    seconds_per_unit: PositiveFloat | None = None
    """Time of one unit, in one job. null takes the time that this run has measured. Before that, every phase is cut
    into `array_parallelism` jobs."""
    max_deaths: NonNegativeInt = 2
    """How often in a row the jobs of a chunk may die without a new record. Then the run stops; the same command resumes
    it. A job that its scheduler requeues has not died. A worker is requeued at its time limit, at most this often. A
    learner dies at its time limit, because its work is one unit that would start from the beginning."""
    poll_s: PositiveFloat
    """Seconds between two looks at the jobs."""
    settle_s: PositiveFloat
    """Maximum delay until files of a job are visible here. A job that is gone and has left no record by then has
    died."""

    @abstractmethod
    def scheduler(self, work: Workload[Any, Any], phase: Path) -> Scheduler:
        """The scheduler that starts the jobs of a phase. `phase` is the phase's folder."""

    def requeues(self, place: Place) -> int:
        """How often a job may be requeued at its time limit."""
        return 0 if place is Place.LEARNER else self.max_deaths

    def most_chunks(self, n_batches: int) -> int:
        """Maximum number of jobs in a phase."""
        return n_batches

    def n_chunks(self, n_batches: int, total_s: float) -> int:
        """Number of jobs for batches of `total_s` in total: `array_parallelism`, or more if jobs would be too long."""
        by_time = ceil(total_s / (60 * self.chunk_minutes))
        return min(max(by_time, self.array_parallelism), self.most_chunks(n_batches))

    def fulfil(self, work: Workload[Unit, Result], units: Sequence[Unit]) -> list[Result | Postponed[Result]]:
        if work.place is Place.COORDINATOR:
            return Local(threads=self.threads).fulfil(work, units)
        known = work.store.records(work.records, work.result)
        postponed: dict[str, Postponed[Result]] = {}
        work.monitor.recalled(sum(work.key(unit) in known for unit in units))
        batches = batches_of(work, units)
        keys = [work.key(unit) for batch in batches for unit in batch]
        n_phases = 0
        while n_left := sum(key not in known and key not in postponed for key in keys):
            if n_phases > self.max_deaths:
                raise RunError(
                    f"{work.title}: {n_left} records were damaged after they had been read, {n_phases} times. Check "
                    f"the disk of {work.store.folder}. Its folder `damaged` has the damaged records; the same command "
                    "goes on from the others"
                )
            phase = Phase(self, work, batches)
            postponed |= phase.finish()
            work.store.adopt(work.records, work.result, keys)
            phase.tidy()
            n_phases += 1
        return [known[key] if (key := work.key(unit)) in known else postponed[key] for unit in units]
