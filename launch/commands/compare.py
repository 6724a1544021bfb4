"""`seal compare`: paired differences between two runs, as a table and a plot; or the variation over seeds."""

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from seal.base.paths import shortened
from seal.base.terminal import Terminal
from seal.errors import UsageError
from seal.report.comparing import RunComparison, compare_runs, read_side, settings_of_both
from seal.report.wording import interval, p_value, paired, share, signed
from seal.stats.results import Comparison
from seal.sweep.seeds import OverSeeds, of_one, of_two
from seal.sweep.seeds_table import print_over_seeds

from ..finding import OUTPUTS, find_run, find_sweep


def main(arguments: Namespace) -> int:
    return compare(arguments.first, arguments.second, settings=arguments.settings, as_json=arguments.json)


def compare(first: str, second: str | None, *, settings: Sequence[str], as_json: bool) -> int:
    """Print the paired differences of two runs, second minus first, by setting. Of sweeps over seeds, print means over
    whole runs.

    Raises:
        UsageError: a run or a setting does not exist, or the runs share no context; or there is one run alone.
    """
    pairs = [_pair(text) for text in settings]
    if over_seeds := _over_seeds(first, second, pairs):
        if as_json:
            print(json.dumps(asdict(over_seeds), indent=2))
        else:
            print_over_seeds(over_seeds)
        return 0
    if second is None:
        raise UsageError(f"{find_run(first)} is one run: name another to compare it with, or a sweep over seeds")
    sides = read_side(find_run(first)), read_side(find_run(second))
    found = compare_runs(*sides, pairs or settings_of_both(*sides))
    picture = _draw(found)
    if as_json:
        print(json.dumps({**asdict(found), "plot": str(picture)}, indent=2))
    else:
        _print(found, picture)
    return 0


def _over_seeds(first: str, second: str | None, pairs: Sequence[tuple[str, str]]) -> OverSeeds | None:
    """The means over whole runs; None if the names are not those of sweeps."""
    sweep, other = find_sweep(first), find_sweep(second) if second else None
    if sweep and second is None:
        if pairs:
            raise UsageError("--settings: it pairs the settings of two runs or two sweeps, and here is one sweep")
        return of_one(sweep)
    return of_two(sweep, other, pairs) if sweep and other else None


def _pair(text: str) -> tuple[str, str]:
    first, colon, second = text.partition(":")
    if not (first and colon and second):
        raise UsageError(f"--settings: '{text}' is not a pair; write SETTING_OF_A:SETTING_OF_B")
    return first, second


def _named(one: Comparison, found: RunComparison) -> str:
    return paired(one, found.first_author, found.second_author)


def _draw(found: RunComparison) -> Path:
    from seal.report.plots import plot_differences

    path = OUTPUTS / "compare" / f"{shortened(f'{found.first}-vs-{found.second}')}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [_named(one, found) for one in found.comparisons]
    plot_differences(found.comparisons, names, path, title=f"{found.second} − {found.first}")
    return path


def _print(found: RunComparison, picture: Path) -> None:
    console = Terminal()
    has_titles = any(one.ci95_titles for one in found.comparisons)
    table = _table(
        f"{found.second} − {found.first}", [*(["over titles"] if has_titles else []), "p (Holm)", "detectable"]
    )
    for one in found.comparisons:
        titles = [interval(one.ci95_titles, of_difference=True)] if has_titles else []
        table.add_row(*_difference(one, found), *titles, p_value(one.p_holm), share(one.minimum_detectable))
    console.print(table)
    for name, differences in found.metrics.items():
        beside = _table(name, ["p (Holm)"])
        for one in differences:
            beside.add_row(*_difference(one, found), p_value(one.p_holm))
        console.print(beside)
    console.print(
        f"{found.n_shared} contexts are shared; {found.n_only_first} are only in the first run, "
        f"{found.n_only_second} only in the second, {found.n_other_queries} have other questions. Detectable: the "
        "difference that 80 % of such comparisons, with so many contexts, would detect. p: of a paired permutation "
        "test, adjusted for the number of differences (Holm).",
        highlight=False,
    )
    console.print(f"plot: {picture}", highlight=False, soft_wrap=True)


def _table(title: str, more: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("setting", min_width=14)
    for heading in ("difference", "95 % interval", *more):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _difference(one: Comparison, found: RunComparison) -> tuple[str, str, str]:
    return _named(one, found), signed(one.difference), interval(one.ci95, of_difference=True)
