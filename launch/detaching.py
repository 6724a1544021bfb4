"""`seal run --detach`: the run itself becomes a job, which submits the other jobs."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seal.base.redaction import key_variables
from seal.cluster.slurm import Slurm, refuse_without_slurm
from seal.cluster.slurm_queue import coordinator_name, queued
from seal.cluster.task import told_without_secrets
from seal.config import loading
from seal.errors import ConfigError, RunError
from seal.session.preflight import preflight

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission


@dataclass(frozen=True, kw_only=True)
class Coordinator:
    """The job that coordinates a run: it runs the same command. If it is restarted, it resumes."""

    overrides: tuple[str, ...]
    key_variables: frozenset[str]
    """The key variables of the run's endpoints."""

    def __call__(self) -> None:
        from .cli import main

        sys.argv = ["seal", "run", *self.overrides]  # the command in the manifest
        with told_without_secrets(self.key_variables):
            code = main(sys.argv[1:])
        if code:
            raise RunError(f"the run ended with exit code {code}")

    def checkpoint(self) -> "DelayedSubmission":
        """The same job again, after a time limit. It finds the jobs and the records of the run."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def detach(overrides: Sequence[str]) -> int:
    """Check that a run can start, and submit it as a job.

    Raises:
        SealError: the run cannot start, or cannot be submitted.
    """
    run, _ = loading.load(overrides)
    if not isinstance(run.cluster, Slurm):
        raise ConfigError("cluster: only a run with cluster=slurm can be detached")
    if run.if_exists != "resume":
        raise ConfigError(f"if_exists: jobs may be restarted, which fails with {run.if_exists}: set if_exists=resume")
    refuse_without_slurm()
    preflight(run, fetch=True)
    there = queued(coordinator_name(run.folder))
    if there is None:
        raise RunError(
            f"nothing was submitted: SLURM does not answer, and a job may coordinate {run.folder} already. Repeat the "
            "same command when SLURM answers"
        )
    if there:
        raise ConfigError(
            f"name: job {', '.join(there)} coordinates {run.folder} already: `seal cancel {run.folder}` ends it"
        )
    coordinator = Coordinator(overrides=tuple(overrides), key_variables=key_variables(run))
    job = run.cluster.detach(coordinator, run.folder)
    print(
        f"job {job} coordinates {run.folder}: `seal attach {run.folder}` follows it, `seal cancel {run.folder}` ends it"
    )
    return 0
