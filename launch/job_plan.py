"""The plan of a run's jobs on a cluster, before submission: directives, jobs, GPU hours."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from seal.cluster.slurm import Slurm
from seal.cluster.slurm_queue import coordinator_name, job_name
from seal.cluster.workload import Place
from seal.config.run import Run
from seal.folder.run_files import read_metrics
from seal.recipe import Forecast


def jobs_plan(run: Run, forecast: Forecast) -> dict[str, Any] | None:
    """The planned jobs of a run on a SLURM cluster, by kind of work; None on other clusters."""
    cluster = run.cluster
    if not isinstance(cluster, Slurm):
        return None
    writer = run.writer or run.engine
    apart = forecast.trainings if run.recipe.trains_apart else 0
    edits = forecast.self_edits if writer.serves_policies else 0
    answers = forecast.trainings - apart + forecast.asked_apart if run.engine.serves_policies else 0
    phases = [
        _phase(run, cluster, "self_edits", edits, writer.batch_size),
        _phase(run, cluster, "answers", answers, run.inner.slots),
    ]
    largest = max((phase["jobs_at_once"] for phase in phases), default=1)
    name = job_name(run.folder)
    known = [phase["gpu_hours"] for phase in phases if phase["units"]]
    return {
        "directives": {
            "workers": cluster.directives(Place.WORKERS, n_jobs=largest, name=name),
            "learner": cluster.directives(Place.LEARNER, n_jobs=1, name=name),
            "coordinator": cluster.directives(Place.COORDINATOR, n_jobs=1, name=coordinator_name(run.folder)),
        },
        "work": phases,
        "learner_jobs": forecast.policy_updates + apart,
        "gpu_hours": None if None in known else round(sum(known), 2),
    }


def _phase(run: Run, cluster: Slurm, kind: str, n_units: int, batch_size: int) -> dict[str, Any]:
    """One kind of work, over all phases. It takes at least the jobs of a single phase, at most one per batch."""
    unit_s = cluster.seconds_per_unit or _measured_s(run, kind)
    n_batches = ceil(n_units / batch_size)
    return {
        "kind": kind,
        "units": n_units,
        "units_per_batch": batch_size,
        "jobs_at_once": max(1, min(n_batches, cluster.array_parallelism)),
        "jobs_at_least": cluster.n_chunks(n_batches, (unit_s or 0) * n_units),
        "jobs_at_most": n_batches,
        "seconds_per_unit": round(unit_s, 3) if unit_s else None,
        "gpu_hours": unit_s * n_units * cluster.workers.gpus / 3600 if unit_s else None,
    }


def _measured_s(run: Run, kind: str) -> float | None:
    """Mean seconds per unit so far, from the metrics in the run's folder."""
    lines = read_metrics(run.folder) if run.folder.is_dir() else []
    done = [line for line in lines if line.get("kind") == kind]
    n_units = sum(line["units"] for line in done)
    return sum(line["time/work_s"] for line in done) / n_units if n_units else None


def sentences(plan: Mapping[str, Any]) -> Iterator[str]:
    """The plan as text."""
    for place, directives in plan["directives"].items():
        yield f"A job of the {place}{' (with --detach)' if place == 'coordinator' else ''} would ask for:"
        yield from (f"  {line}" for line in directives)
    for phase in plan["work"]:
        if phase["units"]:
            in_all = " to ".join(map(str, dict.fromkeys((phase["jobs_at_least"], phase["jobs_at_most"]))))
            yield (
                f"{phase['units']:,} {phase['kind'].replace('_', ' ')} in batches of {phase['units_per_batch']}: up to "
                f"{phase['jobs_at_once']} jobs at once, {in_all} jobs in total"
            )
    if plan["learner_jobs"]:
        yield f"{plan['learner_jobs']} jobs of the learner"
    if plan["gpu_hours"] is None:
        yield "GPU hours: the time per unit is unknown; set cluster.seconds_per_unit=…, or start the run to measure it"
    else:
        yield f"GPU hours, without loading, waiting and learning: {plan['gpu_hours']}"
