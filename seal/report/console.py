"""The last thing a run prints: what was found, where it lies. Fits a terminal of 80 columns."""

from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from seal.authorship import Author
from seal.base.terminal import Terminal
from seal.folder.run_files import read_manifest
from seal.folder.store import MANIFEST
from seal.report.closing import closing
from seal.report.fairness import remarks, warning
from seal.report.findings import Example, Findings, read_findings
from seal.report.folder import PAGE
from seal.report.spending import spending_sentence, spent
from seal.report.tables import (
    accuracy_table,
    differences_table,
    kept_table,
    kinds_table,
    measures_table,
    rounds_table,
)
from seal.report.wording import label, share, tuned_sentence
from seal.stats.results import Results, Row, Trainings


def print_summary(folder: Path) -> None:
    """Three self-edits, the headline table with its differences, and the files."""
    findings = read_findings(folder)
    console = Terminal()
    for example in findings.examples:
        _print_example(console, example, findings)
    _print_tables(console, findings)
    for note in _notes(findings):
        console.print(f"note: {note}", style="yellow")
    if (total := spent(folder))["n_calls"]:
        console.print(spending_sentence(total), highlight=False)
    for what, path in (*findings.results.artifacts.items(), ("report", str(PAGE))):
        console.print(Text.assemble(f"{what + ':':<8} ", (str(folder / path), "bold")), soft_wrap=True)
    print_closing(console, folder, findings.results)


def _print_tables(console: Console, findings: Findings) -> None:
    results, settings = findings.results, findings.manifest["settings"]
    if results.table:
        console.print(accuracy_table(results))
        for said in remarks(results, settings):
            console.print(said, style="dim", highlight=False)
    if results.published:
        console.print(f"published: {results.published.source}", highlight=False, markup=False)
    for one in results.tuned:
        console.print(f"tuned for {tuned_sentence(one, results.author)}", highlight=False)
    for table in _more_tables(results):
        console.print(table)
    console.print()


def _more_tables(results: Results) -> Iterator[Group]:
    if results.kinds:
        yield kinds_table(results)
    if results.comparisons:
        yield differences_table(results)
    if results.rounds:
        yield rounds_table(results)
    if results.continual:
        yield kept_table(results.continual)
        yield measures_table(results.continual, results.published)
    if results.continual_matched:
        title = "what is kept of the passages alone, trained for as long as the self-edits"
        yield measures_table(results.continual_matched, None, title=title)


def _notes(findings: Findings) -> Iterator[str]:
    results = findings.results
    yield from results.notes
    if doubt := warning(results, findings.manifest["settings"]):
        yield doubt
    yield from _losses(results.table, results.author)
    yield from _noise(results.trainings, results.author)


def print_closing(console: Console, folder: Path, results: Results, *, in_short: bool = False) -> None:
    """What was found, where it lies and, unless it is one run of many, what to do next."""
    before = ""
    settings = read_manifest(folder)["settings"] if (folder / MANIFEST).exists() else {}
    for what, said in closing(folder, results, settings, page=PAGE):
        if in_short and what == "next":
            continue
        heading = "" if what == before else f"{what}:"
        console.print(Text.assemble(f"{heading:<8} ", (said, "bold" if what == "found" else "")), soft_wrap=True)
        before = what


def _noise(trainings: tuple[Trainings, ...], author: Author) -> Iterator[str]:
    """What intervals over contexts that share a training do not show."""
    for one in trainings:
        if one.deviation is not None:
            yield (
                f"{label(one.setting, author)}: standard deviation over {len(one.accuracies)} whole trainings "
                f"{share(one.deviation)}; the intervals over contexts do not hold it"
            )


def _losses(rows: tuple[Row, ...], author: Author) -> Iterator[str]:
    """What a reader of the table must know about attempts that did not work out."""
    unknown = [f"{label(row.setting, author)} {row.n_unknown:,}" for row in rows if row.n_unknown]
    if unknown:
        yield f"unknown answers, left out of the accuracy: {', '.join(unknown)}"
    for row in rows:
        named = label(row.setting, author)
        if row.n_failed:
            yield f"{named}: {row.n_failed} trainings or answers failed; they are among the unknown"
        if row.n_invalid:
            weight = "; each counts as 0" if row.n_contexts else ""
            yield f"{named}: {row.n_invalid} self-edits could not be trained on{weight}"
        if row.n_unmarked:
            yield f"{named}: in {row.n_unmarked} texts no answer follows the marker; each counts as wrong"


def _print_example(console: Console, example: Example, findings: Findings) -> None:
    console.print(Text.assemble((example.context.title, "bold"), ": ", (example.subject, "italic")))
    table = Table(box=SIMPLE_HEAD, expand=True)
    table.add_column(findings.results.author.one, ratio=1)
    columns = [Text(example.before)]
    if example.after is not None:
        table.add_column(f"self-edit after {label(findings.last_policy)}", ratio=1)
        columns.append(Text(example.after))
    table.add_row(*columns)
    console.print(table)
