"""`report/` in a run's folder: a table, plots, and one page that shows them."""

import base64
import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from seal.base.paths import refuse_links_out, shortened
from seal.folder.run_files import read_metrics
from seal.folder.store import cannot_write
from seal.report.attempts import Story, count_invalid, read_stories
from seal.report.browser import browsed, content_hash, in_script, phases
from seal.report.closing import basis, headline
from seal.report.costs import amounts, paid, trained
from seal.report.csv_files import write_numbers
from seal.report.fairness import in_order, remarks, warning
from seal.report.findings import Findings, read_findings
from seal.report.puzzles import read_puzzles
from seal.report.wording import (
    amount,
    choices,
    condition,
    duration,
    interval,
    label,
    label_below,
    meanings,
    p_value,
    phase_label,
    published_share,
    share,
    signed,
    trains,
)
from seal.report.writing import compared, lengths, settings_chosen
from seal.stats.results import KindRow, Results, Row
from seal.stats.transfer import DIFFERENCES
from seal.types import Failure, Invalid

FOLDER = Path("report")
PUZZLES = FOLDER / "grids"
DARK_PUZZLES = PUZZLES / "dark"
"""Of those that the page shows, for readers whose pages are dark."""
MOST_PUZZLES = 60
"""That the page itself shows; there is a picture of every one."""
PAGE, TABLE, MATRIX = FOLDER / "index.html", FOLDER / "table.csv", FOLDER / "matrix.csv"
REWARDS, ATTEMPTS = FOLDER / "rewards.csv", FOLDER / "attempts.csv"
PICTURES = ACCURACY, REWARDED, STYLES, HEATMAP, CURVES, LEARNING = tuple(
    FOLDER / f"{name}.png" for name in ("accuracy", "rewards", "styles", "matrix", "curves", "learning")
)


def write_report(folder: Path) -> list[Path]:
    """Make, or make anew, everything in `report/`; what was made. The run must have results.

    Raises:
        RunError: the disk is full or the folder not writable.
        UsageError: it has links that lead out of it.
    """
    refuse_links_out(folder)
    findings = read_findings(folder)
    measured = {context for scores in findings.results.scores.values() for context in scores}
    stories = read_stories(folder, findings.manifest, measured, tuned=bool(findings.results.tuned))
    page = folder / PAGE
    try:
        page.parent.mkdir(exist_ok=True)
        made = [
            *_write_table(findings),
            *write_numbers(findings.results, page.parent),
            *_write_plots(findings, stories),
            *_write_matrix(findings),
            *_write_attempts(folder, stories),
        ]
        puzzles = _write_puzzles(findings, stories)
        pictures = [path for path in made if path.suffix == ".png"]
        page.write_text(_page(findings, stories, pictures, puzzles), encoding="utf-8")
    except OSError as error:
        raise cannot_write(page.parent, error) from error
    return [*made, *puzzles, page]


def _write_table(findings: Findings) -> list[Path]:
    path = findings.folder / TABLE
    with path.open("w", newline="", encoding="utf-8") as file:
        published = findings.results.published
        lines = [_cells(row) for row in findings.results.table]
        if published:
            lines = [{**line, "published": published.of(line["setting"])} for line in lines]
        writer = csv.DictWriter(file, list(lines[0]) if lines else [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(lines)
    return [path]


def _cells(row: Row) -> dict[str, Any]:
    """Of the table as CSV: a column a field, and two a metric."""
    cells = asdict(row)
    of_metrics = cells.pop("metrics")
    for name, found in of_metrics.items():
        cells |= {name: found["mean"], f"{name}_ci95": found["ci95"]}
    return cells


def _write_plots(findings: Findings, stories: Sequence[Story]) -> list[Path]:
    from seal.report.plots import plot_accuracy, plot_curves, plot_learning, plot_rewards, plot_styles

    made = []
    if any(row.accuracy is not None for row in findings.results.table):
        plot_accuracy(findings.results, findings.folder / ACCURACY)
        made.append(findings.folder / ACCURACY)
    if any(curve.points for curve in findings.results.curves):
        plot_curves(findings.results, findings.folder / CURVES)
        made.append(findings.folder / CURVES)
    if findings.results.learning:
        plot_learning(findings.results, findings.folder / LEARNING)
        made.append(findings.folder / LEARNING)
    if rewards := _rewards(stories) if findings.results.rounds else {}:
        means = {f"round_{one.round}": one.mean_reward for one in findings.results.rounds}
        plot_rewards(rewards, findings.folder / REWARDED, means=means)
        made.append(findings.folder / REWARDED)
    if len({style for shares in findings.results.styles.values() for style in shares}) > 1:
        plot_styles(findings.results.styles, findings.folder / STYLES, author=findings.results.author)
        made.append(findings.folder / STYLES)
    else:
        (findings.folder / STYLES).unlink(missing_ok=True)  # a single style is no picture; an earlier report drew it
    return made


def _rewards(stories: Sequence[Story]) -> dict[str, list[tuple[float, float]]]:
    """Of practice, by policy: each known reward, and the weight with which the policy learned from the attempt. Nothing
    where the format is not known, because invalid attempts would be missing."""
    if any(story.plan is None for story in stories):
        return {}
    found: dict[str, list[tuple[float, float]]] = {}
    for story in stories:
        if story.practised and story.reward is not None:
            found.setdefault(story.policy, []).append((story.reward, story.weight))
    return found


def _write_matrix(findings: Findings) -> list[Path]:
    """Where passages were learned one after the other: every cell as CSV, and the picture."""
    from seal.report.heatmap import plot_matrix

    found, table = findings.results.continual, findings.folder / MATRIX
    if not found:
        return []
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["after_step", "passage", "accuracy", "ci95_low", "ci95_high", "deviation", "n_sequences"])
        for step, row in enumerate((found.base, *found.after)):
            for place, cell in enumerate(row, start=1):
                if cell:
                    low, high = cell.ci95 or (None, None)
                    writer.writerow([step, place, cell.mean, low, high, cell.deviation, cell.n])
    plot_matrix(found, findings.folder / HEATMAP)
    return [table, findings.folder / HEATMAP]


def _write_attempts(folder: Path, stories: Sequence[Story]) -> list[Path]:
    """What the browser shows, for other programs: every attempt, and the rewards of those that were practised."""
    if not stories:
        return []
    columns = ["policy", "context", "self_edit", "reward", "accuracy", "gain", "kept", "weight"]
    with (folder / REWARDS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(_numbers(story) for story in stories if story.practised and story.chosen)
    with (folder / ATTEMPTS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "practised", "chosen", "invalid", "repeats", "text"])
        for story in stories:
            reason = story.plan.reason if isinstance(story.plan, Invalid | Failure) else ""
            about = [story.practised, story.chosen, reason, len(story.evaluations), story.self_edit.text]
            writer.writerow([*_numbers(story), *about])
    return [folder / REWARDS, folder / ATTEMPTS]


def _numbers(story: Story) -> list[object]:
    first = [story.policy, story.context.id, story.self_edit.index]
    return [*first, story.reward, story.accuracy, story.gain, story.kept, story.weight]


def _write_puzzles(findings: Findings, stories: Sequence[Story]) -> list[Path]:
    """A picture of each puzzle of grids, where the run is about such."""
    puzzles = read_puzzles(findings.folder, findings.results, count_invalid(stories))
    if not puzzles:
        return []
    from seal.report.grid_pictures import DARK, draw_puzzle

    (findings.folder / DARK_PUZZLES).mkdir(parents=True, exist_ok=True)
    paths = [findings.folder / PUZZLES / picture_name(each.puzzle.id) for each in puzzles]
    for number, (answered, path) in enumerate(zip(puzzles, paths, strict=True)):
        draw_puzzle(answered, path)
        if number < MOST_PUZZLES:
            draw_puzzle(answered, findings.folder / DARK_PUZZLES / path.name, paper=DARK)
    return paths


def picture_name(puzzle: str) -> str:
    """Of a puzzle's id, which may be any text."""
    return f"{shortened(quote(puzzle, safe='', errors='surrogatepass'))}.png"


def _page(findings: Findings, stories: Sequence[Story], pictures: list[Path], puzzles: list[Path]) -> str:
    from jinja2 import Environment

    parts = (files("seal.report") / f"page.{kind}" for kind in ("html", "css", "js"))
    template, style, script = (part.read_text(encoding="utf-8") for part in parts)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    for function in (share, signed, interval, p_value, condition, published_share, phase_label, amount, duration):
        environment.filters[function.__name__] = function
    by = findings.results.author
    environment.filters |= dict(label=partial(label, author=by), label_below=partial(label_below, author=by))
    took, results, settings = phases(read_metrics(findings.folder)), findings.results, findings.manifest["settings"]
    shown = dict(findings=findings, results=results, images=_inlined(pictures), signed_measures=DIFFERENCES)
    shown |= dict(headline=headline(results, settings), basis=basis(results), rows=in_order(results.table))
    shown |= dict(metrics=list(results.table[0].metrics) if results.table else [])
    shown |= dict(warning=warning(results, settings), remarks=list(remarks(results, settings)))
    shown |= dict(
        chosen=choices(settings),
        meanings=meanings([row.setting for row in results.table], trained=trains(settings), author=by),
        kinds={kind: _of_kind(results, kind) for kind in dict.fromkeys(row.kind for row in results.kinds)},
    )
    dark = [findings.folder / DARK_PUZZLES / path.name for path in puzzles[:MOST_PUZZLES]]
    shown |= dict(puzzles=_inlined(puzzles[:MOST_PUZZLES]), dark_puzzles=_inlined(dark), n_puzzles=len(puzzles))
    shown |= dict(style=style, script=script, policy=_security(style, script))
    shown |= dict(phases=took, total_s=sum(phase["seconds"] for phase in took))
    shown |= dict(
        amounts=amounts(findings.folder, findings.manifest), trained=trained(stories), paid=paid(findings.folder)
    )
    of_all = compared(stories)
    shown |= dict(lengths=lengths(of_all), settings_chosen=settings_chosen(of_all))
    shown |= dict(n_attempts=len(stories), shown=in_script(browsed(stories, by)))
    return environment.from_string(template).render(shown)


def _of_kind(results: Results, kind: str) -> dict[str, KindRow]:
    """By setting, what was found on the questions of a kind."""
    return {row.setting: row for row in results.kinds if row.kind == kind}


def _security(style: str, script: str) -> str:
    """Nothing is fetched and nothing runs but this script; what a model wrote least of all."""
    allowed = f"script-src '{content_hash(script)}'; style-src '{content_hash(style)}'"
    return f"default-src 'none'; img-src data:; {allowed}; base-uri 'none'; form-action 'none'"


def _inlined(pictures: list[Path]) -> dict[str, str]:
    """Pictures by name, as the page holds them."""
    return {path.stem: base64.b64encode(path.read_bytes()).decode() for path in pictures}
