"""The last thing a run prints: what was found, where it lies. Fits a terminal of 80 columns."""

from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seal.published import Published
from seal.report.closing import closing
from seal.report.findings import Example, Findings, read_findings
from seal.report.folder import PAGE
from seal.report.spending import spending_sentence, spent
from seal.report.wording import condition, interval, label, published_share, share, signed
from seal.results import Results, Row, Trainings
from seal.terminal import Terminal
from seal.transfer import DIFFERENCES, Matrix


def print_summary(folder: Path) -> None:
    """Three self-edits, the headline table with its differences, and the files."""
    findings = read_findings(folder)
    console = Terminal()
    for example in findings.examples:
        _print_example(console, example, findings.last_policy)
    if findings.results.table:
        console.print(_table(findings.results))
    if findings.results.comparisons:
        console.print(_differences(findings))
    if findings.results.published:
        console.print(f"published: {findings.results.published.source}", highlight=False, markup=False)
    if findings.results.continual:
        console.print(_kept(findings.results.continual))
        console.print(_measures(findings.results.continual, findings.results.published))
    for note in (*findings.results.notes, *_losses(findings.results.table), *_noise(findings.results.trainings)):
        console.print(f"note: {note}", style="yellow")
    if (total := spent(folder))["n_calls"]:
        console.print(spending_sentence(total), highlight=False)
    for what, path in (*findings.results.artifacts.items(), ("report", str(PAGE))):
        console.print(f"{what + ':':<8} [bold]{folder / path}[/]", highlight=False, soft_wrap=True)
    print_closing(console, folder, findings.results)


def print_closing(console: Console, folder: Path, results: Results, *, in_short: bool = False) -> None:
    """What was found, where it lies and, unless it is one run of many, what to do next."""
    before = ""
    for what, said in closing(folder, results, page=PAGE):
        if in_short and what == "next":
            continue
        heading = "" if what == before else f"{what}:"
        console.print(Text.assemble(f"{heading:<8} ", (said, "bold" if what == "found" else "")), soft_wrap=True)
        before = what


def _table(results: Results) -> Table:
    first, published = results.table[0], results.published
    asked = f"{first.n_contexts} contexts, {first.n_queries} queries"
    title = f"accuracy {condition(results.passage_shown)} ({asked})"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("setting", no_wrap=True)
    for heading in ("accuracy", "95 % interval", "answers", "unknown", *(["published"] if published else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in results.table:
        cells = [share(row.accuracy), interval(row.ci95), str(row.n_answers), str(row.n_unknown)]
        beside = [published_share(published.of(row.setting))] if published else []
        table.add_row(label(row.setting), *cells, *beside)
    return table


def _differences(findings: Findings) -> Table:
    table = Table(title="paired differences", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for heading in ("difference", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in findings.results.comparisons:
        table.add_row(
            f"{label(one.second)} − {label(one.first)}",
            signed(one.difference),
            interval(one.ci95, of_difference=True),
        )
    return table


def _kept(found: Matrix) -> Table:
    """The matrix, means only; the report has the intervals."""
    title = f"accuracy on each passage of {found.n_sequences} sequences (means)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for place in range(len(found.base)):
        table.add_column(f"{place + 1}.", justify="right", no_wrap=True)
    for step, row in enumerate((found.base, *found.after)):
        cells = [f"{cell.mean:.2f}" if cell else "" for cell in row]
        table.add_row(f"after {step}" if step else "before", *cells)
    return table


def _measures(found: Matrix, published: Published | None) -> Table:
    table = Table(title="what is kept", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for heading in ("mean", "95 % interval", "deviation", "sequences", *(["published"] if published else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, cell in found.measures.items():
        signs = name in DIFFERENCES
        if cell:
            middle = signed(cell.mean) if signs else share(cell.mean)
            spread = share(cell.deviation) if cell.deviation is not None else ""
            beside = [published_share(published.of(name))] if published else []
            table.add_row(label(name), middle, interval(cell.ci95, of_difference=signs), spread, str(cell.n), *beside)
    return table


def _noise(trainings: tuple[Trainings, ...]) -> Iterator[str]:
    """What intervals over contexts that share a training do not show."""
    for one in trainings:
        if one.deviation is not None:
            yield (
                f"{label(one.setting)}: standard deviation over {len(one.accuracies)} whole trainings "
                f"{share(one.deviation)}; the intervals over contexts do not hold it"
            )


def _losses(rows: tuple[Row, ...]) -> Iterator[str]:
    """What a reader of the table must know about attempts that did not work out."""
    for row in rows:
        if row.n_failed:
            yield f"{label(row.setting)}: {row.n_failed} trainings or answers failed; they are among the unknown"
        if row.n_invalid:
            weight = "; each counts as 0" if row.n_contexts else ""
            yield f"{label(row.setting)}: {row.n_invalid} self-edits could not be trained on{weight}"
        if row.n_unmarked:
            yield f"{label(row.setting)}: in {row.n_unmarked} texts no answer follows the marker; each counts as wrong"


def _print_example(console: Console, example: Example, last_policy: str) -> None:
    console.print(Text.assemble((example.context.title, "bold"), ": ", (example.subject, "italic")))
    table = Table(box=SIMPLE_HEAD, expand=True)
    table.add_column("self-edit of the untrained policy", ratio=1)
    columns = [Text(example.before)]
    if example.after is not None:
        table.add_column(f"self-edit after {label(last_policy)}", ratio=1)
        columns.append(Text(example.after))
    table.add_row(*columns)
    console.print(table)
