"""What one job does: a chunk of units, in their batches, each recorded as soon as it is done.

A task may be killed, started again elsewhere, or run twice at once: it looks at what its chunk has recorded, does the
rest, and writes to files that are its own.
"""

import os
import pickle
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seal.base.monitor import Silent
from seal.base.redaction import redacted
from seal.base.unit_progress import UnitProgress
from seal.cluster.local import Local
from seal.cluster.task_store import TaskStore
from seal.cluster.workload import Workload
from seal.errors import RunError
from seal.folder.store import JOBS
from seal.types import Postponed

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission


KIT = "kit.pkl"
"""What all tasks of a phase share: the packed workload."""


@dataclass(frozen=True, kw_only=True)
class ChunkTask:
    """A chunk of a phase. Small enough to be pickled once a job."""

    run_folder: Path
    phase: str
    chunk: int
    units: tuple[Any, ...]
    threads: int | None

    def __call__(self) -> dict[str, Postponed[Any]]:
        """Do what is not recorded, as a job; returns what was postponed.

        Raises:
            RunError: with the traceback of whatever went wrong, without secrets: submitit writes it into its files.
        """
        work = self._kit()
        with told_without_secrets(work.secret_variables):
            return self._fulfil(work)

    def here(self) -> dict[str, Postponed[Any]]:
        """The same in this process, which sees errors as they are."""
        return self._fulfil(self._kit())

    def _kit(self) -> Workload[Any, Any]:
        work: Workload[Any, Any] = pickle.loads((self.run_folder / JOBS / self.phase / KIT).read_bytes())
        return work

    def _fulfil(self, work: Workload[Any, Any]) -> dict[str, Postponed[Any]]:
        store = TaskStore(self.run_folder, phase=self.phase, chunk=self.chunk, process=_own_name())
        with work.elsewhere(store) as here:
            noting = replace(here, monitor=_Noting(store))
            try:
                results = Local(threads=self.threads).fulfil(noting, self.units)
            finally:
                store.forget_progress()
        return {
            work.key(unit): result
            for unit, result in zip(self.units, results, strict=True)
            if isinstance(result, Postponed)
        }

    def checkpoint(self) -> "DelayedSubmission":
        """Before a time limit or a preemption: what is recorded is on disk, so the same task goes on from there."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class _Noting(Silent):
    """A monitor that leaves a note of the training that goes on for whoever coordinates."""

    def __init__(self, store: TaskStore) -> None:
        self.store = store

    def within(self, n_units: int, progress: UnitProgress) -> None:
        self.store.note_progress(n_units, progress)

    def advanced(self, n_units: int) -> None:
        self.store.forget_progress()


def pack(folder: Path, work: Workload[Any, Any]) -> None:
    """Put into a phase's folder what its tasks share."""
    draft = folder / f"{KIT}.draft"
    draft.write_bytes(pickle.dumps(work.packed()))
    draft.replace(folder / KIT)


@contextmanager
def told_without_secrets(also: Collection[str] = ()) -> Iterator[None]:
    """Have any error of the block leave it as its traceback, without secrets. `also` names variables that hold one."""
    try:
        yield
    except Exception:
        raise RunError(f"a job broke off:\n{redacted(traceback.format_exc(), also)}") from None


def _own_name() -> str:
    """A name that no other process ever has, with the job's where there is one."""
    job = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID") or "job"
    return f"{job}-{uuid4().hex[:12]}"
