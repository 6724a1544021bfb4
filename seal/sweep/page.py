"""Writes a sweep as one table: a row per point, with its swept values and its last accuracy, or why it has none."""

import base64
import csv
from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import isnan
from pathlib import Path

from seal.report.wording import interval, label, share, signed
from seal.sweep.choice import SEED, Choice, Swept, choose, in_words
from seal.sweep.outcomes import Unfinished

TABLE, RANKING, HEATMAP, PAGE = Path("sweep.csv"), Path("settings.csv"), Path("sweep.png"), Path("sweep.html")
MORE_THAN_HALF = 0.55
"""Fraction of the colour scale above which text is white."""


def write_sweep(folder: Path, points: Sequence[Swept], without: Sequence[Unfinished]) -> list[Path]:
    """Write points and settings as CSV, and an HTML page. Returns the files written.

    If exactly two settings besides the seed were swept, a heatmap is drawn too.
    """
    of_points = [*(point.settings for point in points), *(missing.settings for missing in without)]
    keys = list(dict.fromkeys(key for settings in of_points for key in settings))
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*keys, "measured", "accuracy", "ci95_low", "ci95_high", "why_not"])
        for point in points:
            own = [point.settings.get(key, "") for key in keys]
            writer.writerow([*own, point.measured, point.accuracy, *(point.ci95 or ("", "")), ""])
        for missing in without:
            writer.writerow([*(missing.settings.get(key, "") for key in keys), *[""] * 4, missing.reason])
    choice = choose(points)
    _write_ranking(folder / RANKING, choice, [key for key in keys if key != SEED])
    made = [folder / TABLE, folder / RANKING]
    axes = [key for key in keys if key != SEED]
    if len(axes) == 2 and choice.ranked:
        means = {ranked.settings: ranked.accuracy for ranked in choice.ranked}
        _plot(means, axes, folder / HEATMAP)
        made.append(folder / HEATMAP)
    (folder / PAGE).write_text(_page(folder, points, choice, without), encoding="utf-8")
    return [*made, folder / PAGE]


def _write_ranking(path: Path, choice: Choice, keys: Sequence[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        measured = ["accuracy", "ci95_low", "ci95_high", "n_seeds", "n_contexts"]
        beside = ["best_minus_this", "difference_ci95_low", "difference_ci95_high", "n_shared_contexts"]
        writer.writerow([*keys, *measured, *beside, "best_of", "chosen_on_other_contexts"])
        for place, one in enumerate(choice.ranked):
            own = [dict(one.settings).get(key, "") for key in keys]
            low, high = one.ci95 or ("", "")
            short = one.short_of_best
            ends = (short.ci95 if short else None) or ("", "")
            lead = [short.difference if short else "", *ends, short.n_contexts if short else ""]
            of_choice = ["", ""] if place else [len(choice.ranked), choice.elsewhere]
            writer.writerow([*own, one.accuracy, low, high, one.n_seeds, one.n_contexts, *lead, *of_choice])


def _page(folder: Path, points: Sequence[Swept], choice: Choice, without: Sequence[Unfinished]) -> str:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    for function in (label, share, signed, interval):
        environment.filters[function.__name__] = function
    template = environment.from_string((files("seal.report") / "sweep.html").read_text(encoding="utf-8"))
    picture = folder / HEATMAP
    image = base64.b64encode(picture.read_bytes()).decode() if picture.exists() else None
    notes = in_words(choice, n_unfinished=len(without))
    return template.render(name=folder.name, points=points, without=without, choice=choice, image=image, notes=notes)


def _plot(found: Mapping[tuple[tuple[str, str], ...], float], axes: Sequence[str], path: Path) -> None:
    from matplotlib import pyplot as plt

    by_place = {(dict(settings)[axes[0]], dict(settings)[axes[1]]): value for settings, value in found.items()}
    rows, columns = (sorted({place[axis] for place in by_place}, key=_by_size) for axis in (0, 1))
    grid = [[by_place.get((row, column), float("nan")) for column in columns] for row in rows]  # [rows, columns]
    figure, drawn = plt.subplots(figsize=(3 + 0.9 * len(columns), 2.4 + 0.6 * len(rows)), layout="constrained")
    picture = drawn.imshow(grid, cmap="Blues", aspect="auto")
    lowest, highest = min(found.values()), max(found.values())
    for place, row in enumerate(grid):
        for across, value in enumerate(row):
            ink = "white" if value - lowest > MORE_THAN_HALF * (highest - lowest) else "black"
            drawn.text(across, place, "" if isnan(value) else f"{value:.2f}", ha="center", va="center", color=ink)
    drawn.set_xticks(range(len(columns)), map(_short, columns))
    drawn.set_yticks(range(len(rows)), map(_short, rows))
    drawn.set_xlabel(axes[1])
    drawn.set_ylabel(axes[0])
    figure.colorbar(picture, ax=drawn).set_label("accuracy, mean over seeds")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _short(value: str) -> str:
    """A number in four digits; other values unchanged."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


def _by_size(value: str) -> tuple[float, str]:
    """A sort key: numbers by size, then words."""
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value
