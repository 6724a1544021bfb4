"""Coordinates one phase on a cluster, until each missing unit is recorded or postponed."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from seal.base.unit_progress import together
from seal.cluster.batches import cut, to_do
from seal.cluster.ledger import CANCELLED, DIED, DONE, Ledger
from seal.cluster.scheduler import Outcome, Scheduler
from seal.cluster.task import ChunkTask, pack
from seal.cluster.task_store import Tail, progress_of_tasks
from seal.cluster.workload import Place, Workload
from seal.errors import RunError
from seal.folder.run_files import read_metrics, unbooked, whole_metrics
from seal.folder.store import CANCEL, JOBS, METRICS, SPENDING, complete_lines, task_files
from seal.types import Postponed

_LOG = logging.getLogger(__name__)
SILENCE_S = 60.0
"""After this time without an answer from the scheduler, the log gets a warning."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Units for one job. If the job dies, another job gets the same chunk."""

    number: int
    units: tuple[Any, ...]
    """Whole batches. Recorded units are included if the batch rounds together."""
    keys: frozenset[str]
    """Keys of the units that had no record."""
    job: str = ""
    deaths: int = 0
    """Deaths in a row without a new record."""
    n_left: int = 0
    """Units without a record when the job was submitted."""
    odd_since_s: float | None = None
    """Time when the job was first seen in a contradictory state: gone with records missing, or present with none
    missing."""


class Submits(Protocol):
    """The settings and methods of a cluster that a phase needs. `Jobs` documents them."""

    @property
    def threads(self) -> int | None: ...
    @property
    def seconds_per_unit(self) -> float | None: ...
    @property
    def max_deaths(self) -> int: ...
    @property
    def poll_s(self) -> float: ...
    @property
    def settle_s(self) -> float: ...

    def scheduler(self, work: Workload[Any, Any], phase: Path) -> Scheduler: ...
    def gpus(self, place: Place) -> int: ...
    def n_chunks(self, n_batches: int, total_s: float) -> int: ...


class Phase:
    """The coordinator of one phase."""

    def __init__(self, cluster: Submits, work: Workload[Any, Any], batches: Sequence[Sequence[Any]]) -> None:
        self.cluster, self.work, self.batches = cluster, work, batches
        keys = [work.key(unit) for batch in batches for unit in batch]
        digest = sha256("\n".join(sorted(keys)).encode(errors="surrogatepass")).hexdigest()
        self.name = f"{work.records}-{digest[:12]}"
        """The same name for the same units. So a new coordinator finds the jobs again after a crash."""
        self.folder = work.store.folder / JOBS / self.name
        self.known = work.store.records(work.records, work.result)
        self.wanted = {key for key in keys if key not in self.known}
        self.recorded: set[str] = set()
        self.postponed: dict[str, Postponed[Any]] = {}
        self.chunks: list[Chunk] = []
        self.ledger = Ledger(self.folder)
        self.tail = Tail(self.folder, work.records)
        self.n_chunks = 0
        self.scheduler = cluster.scheduler(work, self.folder)
        self.heard_s = monotonic()

    def finish(self) -> dict[str, Postponed[Any]]:
        """Wait until jobs have recorded everything; return the postponed units.

        Raises:
            RunError: the jobs of a chunk died too often.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._count(self._left_by_others())
        try:
            self._take_up()
            pack(self.folder, self.work)
            self._submit(self._cut())
            while self.chunks:
                self._look()
                if self.chunks:
                    sleep(self.cluster.poll_s)
        except BaseException as error:
            if self.scheduler.ends_with_us or isinstance(error, Exception):
                self._cancel()
            raise
        return self.postponed

    def tidy(self) -> None:
        """Merge the tasks' metrics and spending into those of the run. Keep only logs and the ledger of the phase."""
        for file in sorted(self.folder.glob(f"{METRICS}-*.jsonl")):
            for metrics in whole_metrics(file, complete_lines(file)):
                self.work.log(metrics)
            file.unlink()
        for file, bookings in unbooked(self.work.store.folder).items():
            if file.parent == self.folder:
                lines = [json.dumps({**booking, "task": file.name}) for booking in bookings]
                self.work.store.add_lines(SPENDING, [f"{line}\n" for line in lines])
                file.unlink()
        for file in self.folder.glob("**/*.pkl"):
            file.unlink()

    def _left_by_others(self) -> list[str]:
        """Keys that jobs of an earlier coordinator recorded, in this phase or in one that was cut differently."""
        files = task_files(self.work.store.folder, self.work.records)
        phases = {file.parent for file in files if file.parent != self.folder}
        tails = [self.tail, *(Tail(phase, self.work.records) for phase in phases)]
        return [key for tail in tails for key in tail.new_keys()]

    def _count(self, keys: Sequence[str]) -> None:
        fresh = (self.wanted & set(keys)) - self.recorded
        self.recorded |= fresh
        if fresh:
            self.work.monitor.advanced(len(fresh))

    def _is_known(self, key: str) -> bool:
        return key in self.known or key in self.recorded or key in self.postponed

    def _left(self, chunk: Chunk) -> int:
        return sum(not self._is_known(key) for key in chunk.keys)

    def _take_up(self) -> None:
        """Adopt jobs of an earlier coordinator that still wait or run. Cancel jobs that are not in the ledger."""
        entries = self.ledger.entries()
        self.n_chunks = max((entry.chunk + 1 for entry in entries), default=0)
        while (states := self._states()) is None:  # submitting again would waste work that may still run
            self._heed_cancel()
            sleep(self.cluster.poll_s)
        for entry in entries:
            chunk = self._chunk(entry.chunk, [key for key in entry.keys if key in self.wanted])
            if entry.outcome is None and not self._left(chunk):
                self.ledger.ended([entry.job], DONE)
            elif entry.outcome is None and entry.job in states:
                self.chunks.append(replace(chunk, job=entry.job, n_left=self._left(chunk)))
            elif entry.outcome is None:
                self.ledger.ended([entry.job], DIED, "it ended while no coordinator was running")
        working = {chunk.job for chunk in self.chunks}
        self._end([job for job in states if job not in working])

    def _chunk(self, number: int, keys: Sequence[str]) -> Chunk:
        """A chunk of an earlier coordinator, with the batches that contain its keys."""
        own = frozenset(keys)
        batches = [batch for batch in self.batches if any(self.work.key(unit) in own for unit in batch)]
        return Chunk(number=number, units=tuple(unit for batch in batches for unit in batch), keys=own)

    def _cut(self) -> list[Chunk]:
        """New chunks of the units that have no record and no job."""
        in_work = {key for chunk in self.chunks for key in chunk.keys}
        known = {*self.known, *self.recorded, *in_work}
        batches = [doing for batch in self.batches if (doing := to_do(self.work, batch, known))]
        unit_s = self.cluster.seconds_per_unit or measured_unit_s(self.work)
        chunks = cut(self.work, batches, self.cluster.n_chunks(len(batches), unit_s * sum(map(len, batches))))
        self.n_chunks += len(chunks)
        return [
            Chunk(
                number=number,
                units=tuple(units),
                keys=frozenset(key for unit in units if (key := self.work.key(unit)) not in known),
            )
            for number, units in enumerate(chunks, start=self.n_chunks - len(chunks))
        ]

    def _submit(self, chunks: Sequence[Chunk]) -> None:
        if not chunks:
            return
        tasks = [
            ChunkTask(
                run_folder=self.work.store.folder.absolute(),
                phase=self.name,
                chunk=chunk.number,
                units=chunk.units,
                threads=self.cluster.threads,
            )
            for chunk in chunks
        ]
        place = self.work.place
        jobs = self.scheduler.submit(tasks, place)
        submitted = [
            replace(chunk, job=job, n_left=self._left(chunk), odd_since_s=None)
            for chunk, job in zip(chunks, jobs, strict=True)
        ]
        self.ledger.submitted(
            {chunk.job: (chunk.number, sorted(chunk.keys)) for chunk in submitted},
            title=self.work.title,
            gpus=self.cluster.gpus(place),
        )
        self.chunks += submitted

    def _look(self) -> None:
        """Collect what the jobs have done since the last look, and submit dead jobs again.

        Raises:
            RunError: jobs died too often, or `seal cancel` has asked the run to end.
        """
        self._heed_cancel()
        states = self._states()
        outcomes = {chunk.job: self.scheduler.outcome(chunk.job) for chunk in self.chunks}
        self._count(self.tail.new_keys())
        still: list[Chunk] = []
        dead: list[tuple[Chunk, str]] = []
        for chunk in self.chunks:
            outcome = outcomes[chunk.job]
            self.postponed |= outcome.postponed if outcome else {}
            left = self._left(chunk)
            is_over = outcome is not None or (states is not None and chunk.job not in states)
            odd_since_s = chunk.odd_since_s or monotonic()
            if left and outcome and outcome.error:
                dead.append((chunk, outcome.error))
            elif left and not is_over:
                still.append(replace(chunk, odd_since_s=None))
            elif left == 0 and is_over:
                self.ledger.ended([chunk.job], DONE)
            elif monotonic() - odd_since_s < self.cluster.settle_s:
                still.append(replace(chunk, odd_since_s=odd_since_s))
            elif left:
                dead.append((chunk, self._why(chunk, outcome)))
            else:  # the job was requeued, but all its units are done
                self._end([chunk.job])
                self.ledger.ended([chunk.job], DONE)
        self.chunks = still
        self._tell_progress()
        self._submit([self._died(chunk, reason) for chunk, reason in dead])

    def _tell_progress(self) -> None:
        """Pass on how far the units are that jobs work on."""
        notes = progress_of_tasks(self.folder, {chunk.number for chunk in self.chunks})
        if progress := together([note.progress for note in notes]):
            self.work.monitor.within(sum(note.units for note in notes), progress)

    def _heed_cancel(self) -> None:
        if (self.folder.parent / CANCEL).exists():
            raise RunError("`seal cancel` has ended the run; its records are safe, and the same command resumes it")

    def _states(self) -> Mapping[str, str] | None:
        """The states of all jobs of the run; None if the scheduler does not answer. SEAL waits for it without limit."""
        states = self.scheduler.states()
        if states is not None:
            self.heard_s = monotonic()
        elif monotonic() - self.heard_s > SILENCE_S:
            _LOG.warning("%s: the scheduler does not answer; waiting", self.work.title)
            self.heard_s = monotonic()
        return states

    def _why(self, chunk: Chunk, outcome: Outcome | None) -> str:
        if outcome is None:
            return self.scheduler.why_gone(chunk.job)
        return (
            f"it ended well, but {self._left(chunk)} of its records are damaged or not visible here: is the folder "
            "shared?"
        )

    def _died(self, chunk: Chunk, reason: str) -> Chunk:
        """Record the death, and return the chunk for another job.

        Raises:
            RunError: jobs of the chunk died too often.
        """
        self.ledger.ended([chunk.job], DIED, reason)
        self.work.log({"work": self.work.title, "job": chunk.job, "died": reason})
        deaths = chunk.deaths + 1 if self._left(chunk) == chunk.n_left else 0
        if deaths > self.cluster.max_deaths:
            raise RunError(
                f"{self.work.title}: {deaths} jobs in a row died on the same {self._left(chunk)} units. The reason of "
                f"the last one ({chunk.job}): {reason}. {self.scheduler.log_tail(chunk.job)}\n"
                "All records are safe; the same command goes on from there"
            )
        return replace(chunk, deaths=deaths)

    def _cancel(self) -> None:
        jobs = [chunk.job for chunk in self.chunks]
        if self._end(jobs):
            self.ledger.ended(jobs, CANCELLED)

    def _end(self, jobs: Sequence[str]) -> bool:
        """Cancel jobs that are not needed; False if that fails. They then waste hours, but do no harm."""
        try:
            self.scheduler.cancel(jobs)
        except RunError as error:
            _LOG.warning("%s: jobs that are not needed may go on: %s", self.work.title, error)
            return False
        return True


def measured_unit_s(work: Workload[Any, Any]) -> float:
    """Mean seconds per unit of such work in this run; 0 before the first measurement."""
    what = work.title.partition(": ")[2]
    lines = read_metrics(work.store.folder)
    done = [line for line in lines if "units" in line and line["work"].partition(": ")[2] == what]
    n_units = sum(line["units"] for line in done)
    return sum(line["time/work_s"] for line in done) / n_units if n_units else 0.0
