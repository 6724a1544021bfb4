"""`report/` in a run's folder: a table, plots, and one page that shows them."""

import base64
import csv
from dataclasses import asdict, fields
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from seal.report.findings import Findings, read_findings
from seal.report.puzzles import read_puzzles
from seal.report.wording import condition, interval, label, published_share, share, signed
from seal.results import Row
from seal.store import cannot_write
from seal.transfer import DIFFERENCES

FOLDER = Path("report")
PUZZLES = FOLDER / "grids"
MOST_PUZZLES = 60
"""That the page itself shows; there is a picture of every one."""
PAGE, TABLE, MATRIX = FOLDER / "index.html", FOLDER / "table.csv", FOLDER / "matrix.csv"
PICTURES = ACCURACY, STYLES, HEATMAP = FOLDER / "accuracy.png", FOLDER / "styles.png", FOLDER / "matrix.png"


def write_report(folder: Path) -> list[Path]:
    """Make, or make anew, everything in `report/`; what was made. The run must have results.

    Raises:
        RunError: the disk is full or the folder not writable.
    """
    findings = read_findings(folder)
    page = folder / PAGE
    try:
        page.parent.mkdir(exist_ok=True)
        made = [*_write_table(findings), *_write_plots(findings), *_write_matrix(findings)]
        puzzles = _write_puzzles(findings)
        page.write_text(_page(findings, [path for path in made if path.suffix == ".png"], puzzles))
    except OSError as error:
        raise cannot_write(page.parent, error) from error
    return [*made, *puzzles, page]


def _write_table(findings: Findings) -> list[Path]:
    path = findings.folder / TABLE
    with path.open("w", newline="") as file:
        published = findings.results.published
        columns = [field.name for field in fields(Row)]
        writer = csv.DictWriter(file, [*columns, "published"] if published else columns)
        writer.writeheader()
        for row in findings.results.table:
            writer.writerow(asdict(row) | ({"published": published.of(row.setting)} if published else {}))
    return [path]


def _write_plots(findings: Findings) -> list[Path]:
    from seal.report.plots import plot_accuracy, plot_styles

    made = []
    if any(row.accuracy is not None for row in findings.results.table):
        plot_accuracy(findings.results, findings.folder / ACCURACY)
        made.append(findings.folder / ACCURACY)
    if any(findings.results.styles.values()):
        plot_styles(findings.results.styles, findings.folder / STYLES)
        made.append(findings.folder / STYLES)
    return made


def _write_matrix(findings: Findings) -> list[Path]:
    """Where passages were learned one after the other: every cell as CSV, and the picture."""
    from seal.report.heatmap import plot_matrix

    found, table = findings.results.continual, findings.folder / MATRIX
    if not found:
        return []
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["after_step", "passage", "accuracy", "ci95_low", "ci95_high", "deviation", "n_sequences"])
        for step, row in enumerate((found.base, *found.after)):
            for place, cell in enumerate(row, start=1):
                if cell:
                    low, high = cell.ci95 or (None, None)
                    writer.writerow([step, place, cell.mean, low, high, cell.deviation, cell.n])
    plot_matrix(found, findings.folder / HEATMAP)
    return [table, findings.folder / HEATMAP]


def _write_puzzles(findings: Findings) -> list[Path]:
    """A picture of each puzzle of grids, where the run is about such."""
    puzzles = read_puzzles(findings.folder, findings.results)
    if not puzzles:
        return []
    from seal.report.grid_pictures import draw_puzzle

    (findings.folder / PUZZLES).mkdir(exist_ok=True)
    paths = [findings.folder / PUZZLES / f"{quote(each.puzzle.id, safe='')[:200]}.png" for each in puzzles]
    for answered, path in zip(puzzles, paths, strict=True):
        draw_puzzle(answered, path)
    return paths


def _page(findings: Findings, pictures: list[Path], puzzles: list[Path]) -> str:
    from jinja2 import Environment

    template = (files("seal.report") / "page.html").read_text()
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    for function in (label, share, signed, interval, condition, published_share):
        environment.filters[function.__name__] = function
    shown = dict(
        findings=findings,
        results=findings.results,
        images=_inlined(pictures),
        puzzles=_inlined(puzzles[:MOST_PUZZLES]),
        n_puzzles=len(puzzles),
        signed_measures=DIFFERENCES,
    )
    return environment.from_string(template).render(shown)


def _inlined(pictures: list[Path]) -> dict[str, str]:
    """Pictures by name, as the page holds them."""
    return {path.stem: base64.b64encode(path.read_bytes()).decode() for path in pictures}
