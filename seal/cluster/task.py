"""The task of one job: it does the units of a chunk in batches, and records each result as soon as it is done.

A task may be killed, restarted elsewhere, or run twice at once. So it reads what its chunk has recorded, does the rest,
and writes to its own files.
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
"""The file with the packed workload, which all tasks of a phase share."""


@dataclass(frozen=True, kw_only=True)
class ChunkTask:
    """A chunk of a phase. It is small, because it is pickled once per job."""

    run_folder: Path
    phase: str
    chunk: int
    units: tuple[Any, ...]
    threads: int | None

    def __call__(self) -> dict[str, Postponed[Any]]:
        """Do the units without a record, as a job; return the postponed ones.

        Raises:
            RunError: with the traceback of any error. Secrets are removed, because submitit writes it to disk.
        """
        work = self._kit()
        with told_without_secrets(work.secret_variables):
            return self._fulfil(work)

    def here(self) -> dict[str, Postponed[Any]]:
        """Do the same in this process, and raise errors unchanged."""
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
        """The same task again, which resumes from its records after a time limit or a preemption."""
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
    """Write the packed workload into a phase's folder."""
    draft = folder / f"{KIT}.draft"
    draft.write_bytes(pickle.dumps(work.packed()))
    draft.replace(folder / KIT)


@contextmanager
def told_without_secrets(also: Collection[str] = ()) -> Iterator[None]:
    """Raise any error of the block as its traceback without secrets. `also` names variables with secrets."""
    try:
        yield
    except Exception:
        raise RunError(f"a job failed:\n{redacted(traceback.format_exc(), also)}") from None


def _own_name() -> str:
    """A name that no other process ever has. It includes the id of the SLURM job, if there is one."""
    job = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID") or "job"
    return f"{job}-{uuid4().hex[:12]}"
