"""Work in jobs of their own: cut into chunks, submitted, watched, submitted again where they died.

One process coordinates and may die: what tasks recorded and which jobs there are is on disk, and the same command goes
on with both. This module knows no scheduler; `seal.cluster.slurm` and its neighbours bring theirs.
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
    """CPU threads of torch in a job; null leaves it to torch. Changes rounding, so compare runs with equal numbers."""
    array_parallelism: PositiveInt
    """Jobs that run at the same time, at most."""
    chunk_minutes: PositiveFloat
    """Work of one job, about. Each job loads the model once, so short ones waste time; long ones wait long in
    queues."""
    seconds_per_unit: PositiveFloat | None = None
    """What a unit takes, on one job. null takes what this run has measured; before that, every phase is cut into
    `array_parallelism` jobs."""
    max_deaths: NonNegativeInt = 2
    """How often in a row the jobs of a chunk may die without having recorded anything. Then the run stops, resumably. A
    job that its scheduler puts back into the queue has not died. A worker goes back at its time limit, so often too. A
    learner dies of it: its work is one unit, which would begin from nothing."""
    poll_s: PositiveFloat
    """The jobs are looked at so often."""
    settle_s: PositiveFloat
    """What a job wrote is visible here after so long, at most: a job that is gone without it has died."""

    @abstractmethod
    def scheduler(self, work: Workload[Any, Any], phase: Path) -> Scheduler:
        """Who starts the jobs of a phase, which is a folder."""

    def requeues(self, place: Place) -> int:
        """How often a job may come to its time limit and go back into the queue."""
        return 0 if place is Place.LEARNER else self.max_deaths

    def most_chunks(self, n_batches: int) -> int:
        """How many jobs a phase may have."""
        return n_batches

    def n_chunks(self, n_batches: int, total_s: float) -> int:
        """How many jobs share out batches that take so long: what runs at once, or more if each would take too long."""
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
                    f"{work.title}: {n_left} records were damaged after they had been seen, {n_phases} times: does the "
                    f"disk of {work.store.folder} keep what is written? What is damaged is in its folder `damaged`; "
                    "the same command goes on from the rest"
                )
            phase = Phase(self, work, batches)
            postponed |= phase.finish()
            work.store.adopt(work.records, work.result, keys)
            phase.tidy()
            n_phases += 1
        return [known[key] if (key := work.key(unit)) in known else postponed[key] for unit in units]
