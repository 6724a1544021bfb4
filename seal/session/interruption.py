"""Decides what happens to the jobs of an interrupted run."""

import sys

from seal.config.run import Run

SILENT = "SLURM does not answer: jobs may still be running"


def decide_on_jobs(run: Run, *, interactive: bool) -> None:
    """After an interruption, cancel the jobs that are still in the queue, or leave them. Say which.

    Raises:
        RunError: the jobs cannot be cancelled.
    """
    jobs = run.cluster.left_behind(run.folder)
    if jobs is None:
        print(f"\n{SILENT}. The same command resumes, `seal cancel {run.folder}` ends them", file=sys.stderr)
        return
    if not jobs:
        return
    wish = run.cluster.on_interruption()
    if wish == "cancel" or (wish == "ask" and interactive and sys.stdin.isatty() and _agreed(len(jobs))):
        run.cluster.cancel(list(jobs))
        print(f"\n{len(jobs)} jobs are cancelled", file=sys.stderr)
    else:
        print(
            f"\n{len(jobs)} jobs go on: the same command resumes, `seal cancel {run.folder}` ends them",
            file=sys.stderr,
        )


def _agreed(n_jobs: int) -> bool:
    print(f"\n{n_jobs} jobs of this run wait or run. Cancel them? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        return False
