"""What one job does: a chunk of units, in their batches, each recorded as soon as it is done.

A task may be killed, started again elsewhere, or run twice at once: it looks at what its chunk has recorded, does the
rest, and writes to files that are its own.
"""

import os
import pickle
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seal.cluster.local import Local
from seal.cluster.task_store import TaskStore
from seal.store import JOBS
from seal.types import Postponed

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

    from seal.lab import Lab
    from seal.work import Work

KIT = "kit.pkl"
"""What all tasks of a phase share: the packed lab and the work."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A chunk of a phase. Small enough to be pickled once a job."""

    run_folder: Path
    phase: str
    chunk: int
    units: tuple[Any, ...]
    threads: int | None

    def __call__(self) -> dict[str, Postponed[Any]]:
        """Do what is not recorded; returns what was postponed."""
        lab, work = pickle.loads((self.run_folder / JOBS / self.phase / KIT).read_bytes())
        store = TaskStore(self.run_folder, phase=self.phase, chunk=self.chunk, process=_own_name())
        with closing(lab.elsewhere(store)) as here:
            results = Local(threads=self.threads).fulfil(here, work, self.units)
        return {
            work.key(unit): result
            for unit, result in zip(self.units, results, strict=True)
            if isinstance(result, Postponed)
        }

    def checkpoint(self) -> "DelayedSubmission":
        """Before a time limit or a preemption: what is recorded is on disk, so the same task goes on from there."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def pack(folder: Path, lab: "Lab", work: "Work[Any, Any]") -> None:
    """Put into a phase's folder what its tasks share."""
    draft = folder / f"{KIT}.draft"
    draft.write_bytes(pickle.dumps((lab.packed(), work)))
    draft.replace(folder / KIT)


def _own_name() -> str:
    """A name that no other process ever has, with the job's where there is one."""
    job = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID") or "job"
    return f"{job}-{uuid4().hex[:12]}"
