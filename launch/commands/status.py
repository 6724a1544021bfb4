"""`seal status`: shows the progress of a run or a sweep. No torch, no weights."""

import json
import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from seal.base.terminal import Terminal
from seal.folder.run_files import read_manifest, read_metrics
from seal.folder.store import MANIFEST, RESULTS, count_records, task_files
from seal.report.spending import spending_sentence, spent
from seal.report.wording import phase_label
from seal.session.interruption import SILENT
from seal.session.pace import how_far, in_words
from seal.session.run_folder import holder
from seal.sweep.reporting import sweep_status

from ..finding import OUTPUTS, find_run, find_sweep, names_of_runs
from ..jobs import jobs_of, print_jobs


def main(arguments: Namespace) -> int:
    return status(arguments.run, as_json=arguments.json) if arguments.run else status_of_all(as_json=arguments.json)


def status_of_all(*, as_json: bool) -> int:
    """Print a line for each run and each sweep under `outputs/`."""
    states = {name: _state_in_short(OUTPUTS / name) for name in names_of_runs()}
    if as_json:
        print(json.dumps(states, indent=2))
        return 0
    console = Terminal()
    for name, state in states.items():
        console.print(f"{name}: {state}", highlight=False, markup=False, soft_wrap=True)
    if not states:
        console.print(f"there is no run in {OUTPUTS}/", highlight=False)
    return 0


def _state_in_short(folder: Path) -> str:
    """The state of a run or a sweep, from its folder alone. SLURM is not asked about jobs."""
    if find_sweep(str(folder)):
        return f"a sweep, {len(list(folder.glob(f'*/{RESULTS}')))} points have results"
    if (folder / RESULTS).exists():
        return "done"
    return "running" if holder(folder) else "not finished"


def status(name: str, *, as_json: bool) -> int:
    """Print the progress of a run or a sweep."""
    if sweep := find_sweep(name):
        return sweep_status(sweep, as_json=as_json)
    folder = find_run(name, waiting=True)
    facts = status_of(folder)
    if as_json:
        print(json.dumps(facts, indent=2))
        return 0
    console = Terminal()
    console.print(Text.assemble((str(folder), "bold"), f": {_state(facts)}"), soft_wrap=True)
    if (far := facts["progress"]) and not facts["done"]:
        whole = in_words(far["done"], far["planned"], far, at_work=_is_at_work(facts))
        console.print(f"  the whole run: {whole}", highlight=False)
        if (phase := far["phase"])["title"] and not (facts["jobs"] and facts["jobs"]["phase"]):
            done = in_words(phase["done"], phase["units"], phase, at_work=_is_at_work(facts))
            console.print(f"  phase: {phase_label(phase['title'])}: {done}", highlight=False, markup=False)
            if phase["within"]:
                console.print(f"  now: {phase['within']['words']}", highlight=False, markup=False)
    for kind, count in facts["records"].items():
        console.print(f"  {count:>8,}  {kind.replace('_', ' ')}", highlight=False)
    if facts["spent"]["n_calls"]:
        console.print(f"  {spending_sentence(facts['spent'])}", highlight=False)
    if facts["jobs"]:
        print_jobs(console, facts["jobs"])
    if facts["last"]:
        last = f"  last: {phase_label(facts['last']['work'])}, {facts['last']['time']}"
        console.print(last, highlight=False, markup=False)
    return 0


def _state(facts: Mapping[str, Any]) -> str:
    if facts["done"]:
        return "done"
    if facts["held_by"]:
        return f"{facts['held_by']} works on it; `seal attach` follows it"
    if _is_at_work(facts):
        return "jobs wait or run; `seal attach` follows them"
    if facts["jobs"] and facts["jobs"]["states"] is None:
        return f"not finished. {SILENT}"
    return f"not finished, and nobody works on it; this command resumes it:\n  {facts['command'] or 'the same command'}"


def _is_at_work(facts: Mapping[str, Any]) -> bool:
    """True if a process or a job works on the run."""
    jobs = facts["jobs"]
    return bool(facts["held_by"] or (jobs and (jobs["coordinator"] or jobs["states"])))


def _command(folder: Path) -> str | None:
    """The command that started the run; None if it is unknown."""
    command = read_manifest(folder).get("command") if (folder / MANIFEST).exists() else None
    words = [str(word) for word in command] if isinstance(command, list) and command else []
    return shlex.join(["seal", *words[1:]]) if words else None


def records_of(folder: Path) -> dict[str, int]:
    """Number of records of each kind, with those that no coordinator has merged yet."""
    kinds = ("contexts", "self_edits", "answers", "evaluations", "updates", "consolidations", "exports", "merges")
    counts = {kind: sum(map(count_records, (folder / f"{kind}.jsonl", *task_files(folder, kind)))) for kind in kinds}
    return {kind: count for kind, count in counts.items() if count}


def status_of(folder: Path) -> dict[str, Any]:
    """The facts about a run: command, state, worker, progress, records by kind, costs, jobs and last work."""
    lines = metrics_of(folder)
    work = [line for line in lines if "work" in line]
    return {
        "run": str(folder),
        "command": _command(folder),
        "done": (folder / RESULTS).exists(),
        "held_by": holder(folder),
        "progress": how_far(folder, lines),
        "records": records_of(folder),
        "spent": spent(folder),
        "jobs": jobs_of(folder, lines),
        "last": work[-1] if work else None,
    }


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    """All metrics of a run and its jobs, in order of time."""
    return sorted(read_metrics(folder), key=lambda metrics: str(metrics["time"]))
