"""The commands that read runs: `seal status` and `seal report`. No torch, no weights."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from seal.errors import UsageError
from seal.report.console import print_summary
from seal.report.folder import write_report
from seal.report.spending import spending_sentence, spent
from seal.store import MANIFEST, RESULTS, complete_lines, count_records

OUTPUTS = Path("outputs")


def find_run(name: str) -> Path:
    """The folder of a run, given by path or by its name under `outputs/`.

    Raises:
        UsageError: there is no such run.
    """
    for folder in (Path(name), OUTPUTS / name):
        if (folder / MANIFEST).is_file():
            return folder
    there = sorted(str(file.parent.relative_to(OUTPUTS)) for file in OUTPUTS.glob(f"**/{MANIFEST}"))
    raise UsageError(f"there is no run '{name}'; {OUTPUTS}/ has {', '.join(there) or 'none'}")


def status(name: str, *, as_json: bool) -> int:
    """Print how far a run is."""
    folder = find_run(name)
    facts = status_of(folder)
    if as_json:
        print(json.dumps(facts, indent=2))
        return 0
    console = Console()
    console.print(f"[bold]{folder}[/]: {'done' if facts['done'] else 'not finished; the same command goes on with it'}")
    for kind, count in facts["records"].items():
        console.print(f"  {count:>8,}  {kind.replace('_', ' ')}", highlight=False)
    if facts["spent"]["n_calls"]:
        console.print(f"  {spending_sentence(facts['spent'])}", highlight=False)
    if facts["last"]:
        console.print(f"  last: {facts['last']['work']}, {facts['last']['time']}", highlight=False)
    return 0


def status_of(folder: Path) -> dict[str, Any]:
    """Records by kind, whether there are results, what paid calls took, and what was done last."""
    kinds = ("contexts", "self_edits", "answers", "evaluations", "updates", "consolidations", "merges")
    metrics = folder / "metrics.jsonl"
    lines = complete_lines(metrics) if metrics.exists() else []
    return {
        "run": str(folder),
        "done": (folder / RESULTS).exists(),
        "records": {kind: n for kind in kinds if (n := count_records(folder / f"{kind}.jsonl"))},
        "spent": spent(folder),
        "last": json.loads(lines[-1]) if lines else None,
    }


def report(name: str, *, as_json: bool) -> int:
    """Make the report of a run and say what it says.

    Raises:
        UsageError: there is no such run, or it has no results yet.
    """
    folder = find_run(name)
    if not (folder / RESULTS).exists():
        raise UsageError(f"{folder} has no results yet: `seal status {name}` says how far it is")
    write_report(folder)
    if as_json:
        print((folder / RESULTS).read_text(), end="")
    else:
        print_summary(folder)
    return 0
