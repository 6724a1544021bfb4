"""Calls SLURM's programs: `sbatch`, `squeue`, `scancel`, and `sacct` if there is accounting."""

import logging
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from seal.errors import RunError

if TYPE_CHECKING:
    from submitit import SlurmExecutor

_LOG = logging.getLogger(__name__)
COMMAND_TIMEOUT_S = 120
AWAY = ("unable to contact", "timed out", "connection refused", "temporarily")
"""Messages of a controller that may be back soon."""
PATIENCE_S, PAUSE_S = 600.0, 10.0
"""How long a submission is retried, and the pause between two tries."""
HOPELESS = ("DependencyNeverSatisfied", "launch failed requeued held", "BadConstraints")
"""Reasons for which a job would wait forever."""
ENDED = ("already completing or completed", "invalid job id")
"""Messages about a job that has ended already. Older versions of SLURM print none."""


def job_name(run_folder: Path) -> str:
    """The name that all jobs of a run share, and no other jobs have. It finds them in the queue."""
    return f"seal-{sha256(str(run_folder.resolve()).encode()).hexdigest()[:10]}"


def coordinator_name(run_folder: Path) -> str:
    """The name of the job that coordinates a run."""
    return job_name(run_folder).replace("seal-", "seal-run-")


def submit(executor: "SlurmExecutor", tasks: Sequence[Callable[[], Any]]) -> list[str]:
    """Submit jobs and return their ids. If the controller is away, for example restarting, wait for it.

    Raises:
        RunError: SLURM refuses the jobs, or the controller stays away; with its message.
    """
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    until = monotonic() + PATIENCE_S
    while True:
        try:
            with outside_of_any_job(), executor.batch():
                jobs = [executor.submit(task) for task in tasks]
        except (FailedJobError, FailedSubmissionError, subprocess.CalledProcessError) as error:
            if monotonic() > until or not any(word in said_by(error).lower() for word in AWAY):
                raise RunError(f"SLURM refuses the job: {said_by(error)}") from error
            _LOG.warning("SLURM does not take the job now; trying again: %s", said_by(error))
            sleep(PAUSE_S)
        else:
            return [str(job.job_id) for job in jobs]


@contextmanager
def outside_of_any_job() -> Iterator[None]:
    """Hide the job that this process may run in. Otherwise submitted jobs would inherit its limits.

    submitit's own function also hides the path of SLURM's configuration, which is restored here.
    """
    from submitit.helpers import clean_env

    configuration = os.environ.get("SLURM_CONF")
    with clean_env():
        if configuration:
            os.environ["SLURM_CONF"] = configuration
        yield


def queued(name: str) -> Mapping[str, str] | None:
    """The jobs of a name that wait or run, with their states. Jobs that would wait forever are cancelled.

    None if SLURM does not answer, which says nothing about the jobs.
    """
    said = _ask_for_queue(name)
    if said.returncode:
        return None
    rows = [line.split("|", 2) for line in said.stdout.splitlines()]
    hopeless = [job for job, _, reason in rows if reason in HOPELESS]
    if hopeless and _why_not_ended(hopeless):
        hopeless = []  # they stay in the queue, and the next call tries again
    return {
        job: state if state != "PENDING" else f"PENDING ({reason})"
        for job, state, reason in rows
        if job not in hopeless
    }


def refuse_silence(name: str) -> None:
    """Ask once for the jobs of a name.

    Raises:
        RunError: SLURM does not answer; with its message.
    """
    said = _ask_for_queue(name)
    if said.returncode:
        raise RunError(
            f"SLURM does not answer, and this run has never submitted a job:\n{said.stderr.strip()}\nStart the same "
            "command again when SLURM answers"
        )


def _ask_for_queue(name: str) -> "subprocess.CompletedProcess[str]":
    return _ask("squeue", "--noheader", "--array", f"--name={name}", "--format=%i|%T|%r")


def cancel(jobs: Sequence[str]) -> None:
    """Cancel jobs, in any state. Jobs that have ended are left alone.

    Raises:
        RunError: SLURM does not cancel them; with its message.
    """
    if jobs and (why := _why_not_ended(jobs)):
        raise RunError(f"SLURM does not cancel {', '.join(jobs)}: {why}")


def _why_not_ended(jobs: Sequence[str]) -> str:
    said = _ask("scancel", *jobs)
    faults = [line for line in said.stderr.splitlines() if not any(words in line.lower() for words in ENDED)]
    return "; ".join(faults) if said.returncode else ""


def why_gone(job: str) -> str:
    """Why a job ended, by accounting; or that there is no accounting."""
    said = _ask(
        "sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={job}", "--format=State,ExitCode,NodeList"
    )
    for line in said.stdout.splitlines() if said.returncode == 0 else ():
        state, code, nodes = line.split("|")
        return f"{state} (exit code {code}, on {nodes})"
    return "it left the queue, and the reason is unknown because there is no accounting (sacct)"


def _ask(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of SLURM's. A command that is missing or takes too long counts as failed."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=COMMAND_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, returncode=-1, stdout="", stderr=str(error))


def said_by(error: Exception) -> str:
    output = getattr(error, "stderr", None) or getattr(error, "output", None) or str(error)
    return (output.decode(errors="replace") if isinstance(output, bytes) else str(output)).strip()
