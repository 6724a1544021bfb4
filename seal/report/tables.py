"""What a run found, as tables for a terminal of 80 columns."""

from collections.abc import Callable, Iterable
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from seal.authorship import Author
from seal.report.fairness import in_order
from seal.report.wording import (
    amount,
    brackets,
    condition,
    duration,
    interval,
    label,
    label_below,
    p_value,
    paired,
    published_share,
    share,
    signed,
)
from seal.stats.published import Published
from seal.stats.results import Results, RoundSummary, Row
from seal.stats.transfer import DIFFERENCES, Matrix

COMPUTE: dict[str, Callable[[Row], str]] = {
    "tokens": lambda row: amount(row.tokens),
    "updates": lambda row: amount(row.updates),
    "seconds": lambda row: duration(row.seconds),
}
"""Columns of what a training took."""
MOST_COLUMNS = 6
"""Kinds of questions that are columns; more are lines."""


def accuracy_table(results: Results) -> Group:
    """A row a setting; rows at equal compute are indented under the one that they are matched to."""
    first, published = results.table[0], results.published
    columns: dict[str, Callable[[Row], str]] = {
        "accuracy": lambda row: share(row.accuracy),
        "95 % CI": lambda row: brackets(row.ci95),
    }
    columns |= {label(name): partial(_metric, name) for name in first.metrics}
    columns |= {name: of for name, of in COMPUTE.items() if any(of(row) for row in results.table)}
    if published:
        columns["published"] = lambda row: published_share(published.of(row.setting))
    asked = f"{first.n_contexts} contexts, {first.n_queries} queries"
    table = _table(columns, first="setting")
    for row in in_order(results.table):
        cells = (of(row) for of in columns.values())
        table.add_row(_indented(row, results.author), *cells, style="dim" if row.matched_to else "")
    return _titled(f"accuracy {condition(results)} ({asked})", table)


def _metric(name: str, row: Row) -> str:
    return share(row.metrics[name].mean) if name in row.metrics else ""


def kinds_table(results: Results) -> Group:
    """The means by kind of question; the report has the intervals."""
    kinds = list(dict.fromkeys(row.kind for row in results.kinds))
    found = {(row.setting, row.kind): f"{row.accuracy:.2f}" for row in results.kinds}
    rows, title = in_order(results.table), "accuracy by kind of question (means)"
    if len(kinds) > MOST_COLUMNS:
        table = _table(["accuracy"], first="kind and setting")
        for kind in kinds:
            table.add_row(Text(label(kind)))
            for row in rows:
                if (row.setting, kind) in found:
                    table.add_row(Text(f"  {label(row.setting, results.author)}"), found[row.setting, kind])
        return _titled(title, table)
    table = _table((Text(label(kind)) for kind in kinds), first="setting")
    for row in rows:
        cells = (found.get((row.setting, kind), "") for kind in kinds)
        table.add_row(_indented(row, results.author), *cells, style="dim" if row.matched_to else "")
    return _titled(title, table)


def differences_table(results: Results) -> Group:
    """A line a comparison; its p-value is that of all comparisons together."""
    table = _table(["difference", "95 % interval", "p (Holm)"])
    for one in results.comparisons:
        ends = interval(one.ci95, of_difference=True)
        table.add_row(paired(one, results.author), signed(one.difference), ends, p_value(one.p_holm))
    return _titled("paired differences", table)


def rounds_table(results: Results) -> Group:
    """A line a round: what was rewarded, and how much of its choice was luck.

    Kept self-edits that were tried again have their rewards at choice and again.
    """
    columns: dict[str, Callable[[RoundSummary], str]] = {
        "kept": lambda one: "unknown" if one.n_kept is None else str(one.n_kept),
        "mean": lambda one: share(one.mean_reward),
        "best": lambda one: share(one.best_reward),
        "without luck": lambda one: _known_share(one.best_reward_left_out),
        "at choice": lambda one: _known_share(one.retried.reward_at_choice if one.retried else None),
        "again": lambda one: _known_share(one.retried.reward_again if one.retried else None),
        "reliability": lambda one: _known_share(one.selection.reliability if one.selection else None),
    }
    shown = {name: of for name, of in columns.items() if any(of(one) for one in results.rounds)}
    table = _table(shown, first="round")
    for one in results.rounds:
        table.add_row(str(one.round + 1), *(of(one) for of in shown.values()))
    return _titled("rewards of each round (reliability: share of the choice that is not chance)", table)


def _known_share(value: float | None) -> str:
    return "" if value is None else share(value)


def kept_table(found: Matrix) -> Group:
    """The matrix, means only; the report has the intervals."""
    table = _table([f"{place + 1}." for place in range(len(found.base))])
    for step, row in enumerate((found.base, *found.after)):
        cells = [f"{cell.mean:.2f}" if cell else "" for cell in row]
        table.add_row(f"after {step}" if step else "before", *cells)
    return _titled(f"accuracy on each passage of {found.n_sequences} sequences (means)", table)


def measures_table(found: Matrix, published: Published | None, *, title: str = "what is kept") -> Group:
    """The summaries of a matrix."""
    headings = ["mean", "95 % interval", "deviation", "sequences", *(["published"] if published else [])]
    table = _table(headings)
    for name, cell in found.measures.items():
        signs = name in DIFFERENCES
        if cell:
            middle = signed(cell.mean) if signs else share(cell.mean)
            spread = share(cell.deviation) if cell.deviation is not None else ""
            beside = [published_share(published.of(name))] if published else []
            table.add_row(label(name), middle, interval(cell.ci95, of_difference=signs), spread, str(cell.n), *beside)
    return _titled(title, table)


def _table(headings: Iterable[str | Text], *, first: str = "") -> Table:
    """The first column holds names, the others numbers. Two spaces lie between them, so that seven fit in 80."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _titled(title: str, table: Table) -> Group:
    """The title is as long as it needs to be, however narrow the table is; an empty line stands before it."""
    return Group("", Text(title, style="italic"), table)


def _indented(row: Row, author: Author) -> str:
    return f"  {label_below(row.setting, author)}" if row.matched_to else label(row.setting, author)
