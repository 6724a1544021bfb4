"""Collects and prints the facts about a run's jobs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from seal.cluster.ledger import DIED, Entry, all_entries
from seal.cluster.slurm import in_queue
from seal.cluster.task_store import lines_of_tasks
from seal.folder.record_lines import key_of
from seal.folder.store import JOBS
from seal.session.interruption import SILENT
from seal.session.pace import in_words


def jobs_of(folder: Path, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Facts about the jobs of a run; None if it has had none. `lines` are the run's metrics.

    States are None while SLURM does not answer.
    """
    if not (folder / JOBS).is_dir():
        return None
    entries = all_entries(folder)
    there = in_queue(folder)
    states = there.workers if there else None
    return {
        "submitted": len(entries),
        "states": None if states is None else dict(Counter(states.values())),
        "running": {entry.job: entry.title for entry in entries if entry.job in (states or {})},
        "coordinator": dict(there.coordinators) if there else None,
        "failures": dict(Counter(entry.reason for entry in entries if entry.outcome == DIED)),
        "phase": _phase(folder, entries, states, lines),
        "gpu_hours": round(_gpu_hours(entries, lines), 3),
    }


def _phase(
    folder: Path, entries: list[Entry], states: Mapping[str, str] | None, lines: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The current phase: its recorded units, its rate and its remaining time; None if no job is unfinished."""
    unfinished = [entry for entry in entries if entry.outcome is None]
    if not unfinished:
        return None
    name = unfinished[-1].phase
    entries = [entry for entry in entries if entry.phase == name]
    keys = {key for entry in entries for key in entry.keys}
    n_recorded = len(keys & set(map(key_of, lines_of_tasks(folder / JOBS / name, name.partition("-")[0]))))
    began = datetime.fromisoformat(entries[0].submitted)
    times = [line["time"] for line in lines if "units" in line and line["work"] == unfinished[-1].title]
    last = datetime.fromisoformat(max(times)) if times else began
    per_minute = 60 * n_recorded / (last - began).total_seconds() if last > began else 0.0
    return {
        "title": unfinished[-1].title,
        "units": len(keys),
        "recorded": n_recorded,
        "units_per_minute": round(per_minute, 2),
        "minutes_left": round((len(keys) - n_recorded) / per_minute, 1) if per_minute else None,
        "jobs": None if states is None else sum(entry.job in states for entry in entries),
    }


def _gpu_hours(entries: list[Entry], lines: Sequence[Mapping[str, Any]]) -> float:
    """GPU hours of finished work, without queueing and loading."""
    gpus = {entry.title: entry.gpus for entry in entries}
    seconds = [float(line["time/work_s"]) * gpus.get(line["work"], 0) for line in lines if "units" in line]
    return sum(seconds) / 3600


def print_jobs(console: Console, facts: Mapping[str, Any]) -> None:
    """Print these facts."""
    if facts["states"] is None:
        states = SILENT
    else:
        states = ", ".join(f"{count} {state}" for state, count in facts["states"].items()) or "none waits or runs"
    console.print(f"  jobs: {facts['submitted']} submitted; {states}", highlight=False, markup=False)
    for job, state in (facts["coordinator"] or {}).items():
        console.print(f"  coordinator: job {job}, {state}", highlight=False, markup=False)
    if phase := facts["phase"]:
        done = in_words(phase["recorded"], phase["units"], phase)
        console.print(f"  phase: {phase['title']}: {done}", highlight=False, markup=False)
    for job, title in facts["running"].items():
        console.print(f"    {job}: {title}", highlight=False, markup=False)
    for reason, count in facts["failures"].items():
        console.print(f"  died {count} times: {reason}", style="red", highlight=False, markup=False)
    if facts["gpu_hours"]:
        console.print(f"  {facts['gpu_hours']} GPU hours of work", highlight=False)
