"""`seal cancel`: cancels a run's jobs on the cluster, and no others."""

import json
from argparse import Namespace

from seal.cluster.slurm import in_queue
from seal.cluster.slurm_queue import cancel
from seal.errors import RunError
from seal.folder.store import CANCEL, JOBS
from seal.session.interruption import SILENT

from ..finding import find_run


def main(arguments: Namespace) -> int:
    return cancel_run(arguments.run, as_json=arguments.json)


def cancel_run(name: str, *, as_json: bool) -> int:
    """Cancel a run's coordinator and all of its jobs, and no others.

    Raises:
        UsageError: there is no such run.
        RunError: SLURM does not answer, or does not cancel the jobs.
    """
    folder = find_run(name, waiting=True)
    if (folder / JOBS).is_dir():
        (folder / JOBS / CANCEL).touch()
    ended: list[str] = []
    for _ in range(2):  # jobs may be submitted in between
        there = in_queue(folder)
        if there is None:
            raise RunError(
                f"{SILENT}. The coordinator of {folder} has been asked to end it; repeat `seal cancel {name}` when "
                "SLURM answers, to cancel the jobs"
            )
        fresh = [job for job in (*there.coordinators, *there.workers) if job not in ended]
        cancel(fresh)
        ended += fresh
    if as_json:
        print(json.dumps({"cancelled": ended}))
    else:
        what = f"cancelled {', '.join(ended)}" if ended else "none of its jobs waits or runs"
        print(f"{folder}: {what}; all records are safe, and the same command goes on from there")
    return 0
