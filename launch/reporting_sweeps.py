"""`seal report SWEEP`: all points of a sweep in one table."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from seal.report.choice import Swept, choose, in_words
from seal.report.sweep import write_sweep
from seal.report.wording import interval, share


def report_sweep(folder: Path, points: Sequence[Swept], *, as_json: bool) -> int:
    """Make the table, and print it."""
    made, choice = write_sweep(folder, points), choose(points)
    if as_json:
        facts = [{key: value for key, value in asdict(point).items() if key != "scores"} for point in points]
        print(json.dumps({"points": facts, "choice": asdict(choice)}, indent=2))
        return 0
    console = Console()
    table = Table(title=f"{folder}: {len(points)} points with results", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("point")
    for heading in ("measured", "accuracy", "95 % interval"):
        table.add_column(heading, justify="right")
    for point in points:
        table.add_row(point.name, point.measured, share(point.accuracy), interval(point.ci95))
    console.print(table)
    for note in in_words(choice):
        console.print(note, highlight=False, markup=False)
    for path in made:
        console.print(f"[bold]{path}[/]", highlight=False, soft_wrap=True)
    return 0
