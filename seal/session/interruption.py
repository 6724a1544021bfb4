"""What becomes of the jobs of a run that is interrupted."""

import sys

from seal.config.run import Run

SILENT = "SLURM does not answer: jobs may be at work"


def decide_on_jobs(run: Run, *, interactive: bool) -> None:
    """After an interruption: end the jobs that go on without us, or leave them, and say which.

    Raises:
        RunError: they cannot be ended.
    """
    jobs = run.cluster.left_behind(run.folder)
    if jobs is None:
        print(f"\n{SILENT}. The same command takes them up, `seal cancel {run.folder}` ends them", file=sys.stderr)
        return
    if not jobs:
        return
    wish = run.cluster.on_interruption()
    if wish == "cancel" or (wish == "ask" and interactive and sys.stdin.isatty() and _agreed(len(jobs))):
        run.cluster.cancel(list(jobs))
        print(f"\n{len(jobs)} jobs are cancelled", file=sys.stderr)
    else:
        print(
            f"\n{len(jobs)} jobs go on: the same command takes them up, `seal cancel {run.folder}` ends them",
            file=sys.stderr,
        )


def _agreed(n_jobs: int) -> bool:
    print(f"\n{n_jobs} jobs of this run wait or run. Cancel them? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        return False
