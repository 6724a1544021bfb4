"""`seal report SWEEP` and `seal status SWEEP`: a table of points with results, and why other points have none."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from seal.base.notes import SHOWN
from seal.base.terminal import Terminal
from seal.errors import listed
from seal.report.wording import interval, label, share
from seal.sweep.choice import Choice, Swept, choose, in_words, read_sweep
from seal.sweep.outcomes import Unfinished, unfinished
from seal.sweep.page import TABLE, write_sweep


def fault_of_sweep(folder: Path) -> str | None:
    """Why a sweep cannot be reported; None if at least one point has results."""
    if read_sweep(folder):
        return None
    return listed(f"no point of {folder} has results yet:", _reasons(unfinished(folder)))


def report_sweep(folder: Path, *, as_json: bool) -> dict[str, Any]:
    """Write the table, and return its contents. Print it too, unless `as_json`."""
    points, without = read_sweep(folder), unfinished(folder)
    made, choice = write_sweep(folder, points, without), choose(points)
    if not as_json:
        _print(folder, points, without, choice, made)
    facts = [
        {key: value for key, value in asdict(point).items() if key not in ("scores", "author")} for point in points
    ]
    return {"points": facts, "without_results": [asdict(missing) for missing in without], "choice": asdict(choice)}


def _print(
    folder: Path, points: Sequence[Swept], without: Sequence[Unfinished], choice: Choice, made: Sequence[Path]
) -> None:
    console = Terminal()
    title = f"{folder}: {len(points)} points with results{f', {len(without)} without' if without else ''}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("point")
    for heading in ("measured", "accuracy", "95 % interval"):
        table.add_column(heading, justify="right")
    for point in points:
        table.add_row(point.name, label(point.measured, point.author), share(point.accuracy), interval(point.ci95))
    console.print(table)
    reasons = _reasons(without)
    for reason in reasons[:SHOWN]:
        console.print(f"without results: {reason}", style="red", highlight=False, markup=False, soft_wrap=True)
    if n_more := len(reasons[SHOWN:]):
        console.print(f"without results: {n_more} more; all are in {folder / TABLE}", style="red", soft_wrap=True)
    for note in in_words(choice, n_unfinished=len(without)):
        console.print(note, highlight=False, markup=False)
    for path in made:
        console.print(str(path), style="bold", highlight=False, soft_wrap=True)


def _reasons(without: Sequence[Unfinished]) -> list[str]:
    return [f"{missing.name}: {missing.reason}" for missing in without]


def sweep_status(folder: Path, *, as_json: bool) -> int:
    """Print how many points of a sweep have results, and why the others do not."""
    done, without = read_sweep(folder), unfinished(folder)
    if as_json:
        names = {"sweep": str(folder), "done": [point.name for point in done]}
        print(json.dumps({**names, "without_results": [asdict(point) for point in without]}, indent=2))
        return 0
    console = Terminal()
    console.print(f"{folder}: {len(done)} of {len(done) + len(without)} points have results", soft_wrap=True)
    for point in without:
        console.print(f"  {point.name}: {point.reason}", highlight=False, markup=False, soft_wrap=True)
    return 0
