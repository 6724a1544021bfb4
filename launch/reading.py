"""The commands that read runs: `seal status` and `seal report`. No torch, no weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from seal.errors import UsageError
from seal.report.choice import read_sweep
from seal.report.console import print_summary
from seal.report.folder import write_report
from seal.report.spending import spending_sentence, spent
from seal.run_folder import holder
from seal.store import METRICS, RESULTS, all_lines, count_records, task_files

from .finding import find_run, find_sweep
from .jobs import jobs_of, print_jobs
from .pace import how_far, in_words
from .reporting_sweeps import report_sweep


def status(name: str, *, as_json: bool) -> int:
    """Print how far a run is."""
    folder = find_run(name, waiting=True)
    facts = status_of(folder)
    if as_json:
        print(json.dumps(facts, indent=2))
        return 0
    console = Console()
    console.print(f"[bold]{folder}[/]: {_state(facts)}", highlight=False)
    if (far := facts["progress"]) and not facts["done"]:
        console.print(f"  the whole run: {in_words(far['done'], far['planned'], far)}", highlight=False)
        if (phase := far["phase"])["title"] and not (facts["jobs"] and facts["jobs"]["phase"]):
            done = in_words(phase["done"], phase["units"], phase)
            console.print(f"  phase: {phase['title']}: {done}", highlight=False, markup=False)
    for kind, count in facts["records"].items():
        console.print(f"  {count:>8,}  {kind.replace('_', ' ')}", highlight=False)
    if facts["spent"]["n_calls"]:
        console.print(f"  {spending_sentence(facts['spent'])}", highlight=False)
    if facts["jobs"]:
        print_jobs(console, facts["jobs"])
    if facts["last"]:
        console.print(f"  last: {facts['last']['work']}, {facts['last']['time']}", highlight=False)
    return 0


def _state(facts: Mapping[str, Any]) -> str:
    if facts["done"]:
        return "done"
    if facts["held_by"]:
        return f"{facts['held_by']} is at work; `seal attach` follows it"
    if facts["jobs"] and (facts["jobs"]["coordinator"] or facts["jobs"]["states"]):
        return "jobs wait or run; `seal attach` follows them"
    return "not finished; the same command goes on with it"


def records_of(folder: Path) -> dict[str, int]:
    """How many records of each kind there are, those included that no coordinator has read yet."""
    kinds = ("contexts", "self_edits", "answers", "evaluations", "updates", "consolidations", "merges")
    counts = {kind: sum(map(count_records, (folder / f"{kind}.jsonl", *task_files(folder, kind)))) for kind in kinds}
    return {kind: count for kind, count in counts.items() if count}


def status_of(folder: Path) -> dict[str, Any]:
    """Records by kind, whether there are results, who works on it, how far it is, what it cost, and what was last."""
    lines = metrics_of(folder)
    work = [line for line in lines if "work" in line]
    return {
        "run": str(folder),
        "done": (folder / RESULTS).exists(),
        "held_by": holder(folder),
        "progress": how_far(folder, lines),
        "records": records_of(folder),
        "spent": spent(folder),
        "jobs": jobs_of(folder),
        "last": work[-1] if work else None,
    }


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    """All that a run and its jobs logged, in the order of time."""
    return sorted(map(json.loads, all_lines(folder, METRICS)), key=lambda metrics: str(metrics["time"]))


def report(name: str, *, as_json: bool) -> int:
    """Make the report of a run, or of the points of a sweep, and say what it says.

    Raises:
        UsageError: there is no such run, or it has no results yet.
    """
    sweep = find_sweep(name)
    if sweep and (points := read_sweep(sweep)):
        return report_sweep(sweep, points, as_json=as_json)
    folder = find_run(name)
    if not (folder / RESULTS).exists():
        raise UsageError(f"{folder} has no results yet: `seal status {name}` says how far it is")
    write_report(folder)
    if as_json:
        print((folder / RESULTS).read_text(), end="")
    else:
        print_summary(folder)
    return 0
