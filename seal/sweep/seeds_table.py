"""What several seeds show, as tables for a terminal of 80 columns."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from seal.base.terminal import Terminal
from seal.report.wording import interval, label, share, signed
from seal.stats.between_runs import OverRuns
from seal.sweep.seeds import OverSeeds


def print_over_seeds(found: OverSeeds) -> None:
    """Print accuracies and differences with runs as units, and what their intervals hold."""
    console = Terminal()
    if found.settings:
        console.print(_table(f"{found.name}: accuracy", found, found.settings))
    if found.differences:
        console.print(_table(f"{found.name}: paired differences", found, found.differences))
    console.print(
        f"means over {len(found.seeds)} runs (seeds {', '.join(found.seeds)}). The intervals are over whole runs: they "
        "hold the variation of sampling and training, and of the contexts that a seed draws.",
        highlight=False,
    )


def _table(title: str, found: OverSeeds, lines: Sequence[OverRuns]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("setting", min_width=14)
    for heading in ("mean", "95 % interval", "deviation", "runs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in lines:
        is_difference = one.first is not None
        table.add_row(
            _named(one, found),
            signed(one.mean) if is_difference else share(one.mean),
            interval(one.ci95, of_difference=is_difference),
            "" if one.deviation is None else share(one.deviation),
            str(len(one.values)),
        )
    return table


def _named(one: OverRuns, found: OverSeeds) -> str:
    second = label(one.second, found.second_author or found.author)
    if one.first is None or (found.second_author and one.first == one.second):
        return second
    return f"{second} − {label(one.first, found.author)}"
