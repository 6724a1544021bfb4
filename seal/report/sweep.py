"""A sweep in one table: a row a point, with what was swept and what its run measured last."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

from seal.statistics import mean
from seal.store import RESULTS

TABLE, HEATMAP = Path("sweep.csv"), Path("sweep.png")
SEED = "seed"
MORE_THAN_HALF = 0.55
"""Of the colour scale: from here on the ink is white."""
_KEY = re.compile(r"(?:^|,)([+~]?[A-Za-z_][\w.@]*)=")
"""In a point's name, `inner.rank=8,seed=0`; values may hold commas."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A point that has results."""

    name: str
    settings: Mapping[str, str]
    """What was swept, by key."""
    measured: str
    """The last setting of its own table, for example `round_2`."""
    accuracy: float | None
    ci95: tuple[float, float] | None
    """Over contexts."""

    def without_seed(self) -> tuple[tuple[str, str], ...]:
        return tuple((key, value) for key, value in self.settings.items() if key != SEED)


def read_sweep(folder: Path) -> list[Swept]:
    """The points of a sweep's folder that have results."""
    return [_point(file) for file in sorted(folder.glob(f"*/{RESULTS}"))]


def _point(results: Path) -> Swept:
    last = json.loads(results.read_text())["table"][-1]
    return Swept(
        name=results.parent.name,
        settings=settings_in(results.parent.name),
        measured=last["setting"],
        accuracy=last["accuracy"],
        ci95=tuple(last["ci95"]) if last["ci95"] else None,
    )


def settings_in(name: str) -> dict[str, str]:
    """The settings that a point's name is made of."""
    pieces = _KEY.split(name)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def means(points: Sequence[Swept]) -> dict[tuple[tuple[str, str], ...], float]:
    """By settings, the mean accuracy over seeds; the best first."""
    found: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for point in points:
        if point.accuracy is not None:
            found.setdefault(point.without_seed(), []).append(point.accuracy)
    averaged = {settings: mean(accuracies) or 0.0 for settings, accuracies in found.items()}
    return dict(sorted(averaged.items(), key=lambda entry: -entry[1]))


def write_sweep(folder: Path, points: Sequence[Swept]) -> list[Path]:
    """The table as CSV and, where two settings were swept besides the seed, a heatmap; what was made."""
    keys = list(dict.fromkeys(key for point in points for key in point.settings))
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*keys, "measured", "accuracy", "ci95_low", "ci95_high"])
        for point in points:
            own = [point.settings.get(key, "") for key in keys]
            writer.writerow([*own, point.measured, point.accuracy, *(point.ci95 or ("", ""))])
    axes = [key for key in keys if key != SEED]
    if len(axes) != 2:
        return [folder / TABLE]
    _plot(means(points), axes, folder / HEATMAP)
    return [folder / TABLE, folder / HEATMAP]


def _plot(found: Mapping[tuple[tuple[str, str], ...], float], axes: Sequence[str], path: Path) -> None:
    from matplotlib import pyplot as plt

    by_place = {(dict(settings)[axes[0]], dict(settings)[axes[1]]): value for settings, value in found.items()}
    rows, columns = (sorted({place[axis] for place in by_place}, key=_by_size) for axis in (0, 1))
    grid = [[by_place.get((row, column), float("nan")) for column in columns] for row in rows]  # [rows, columns]
    figure, drawn = plt.subplots(figsize=(2 + 0.9 * len(columns), 1.5 + 0.6 * len(rows)), layout="constrained")
    picture = drawn.imshow(grid, cmap="Blues", aspect="auto")
    lowest, highest = min(found.values()), max(found.values())
    for place, row in enumerate(grid):
        for across, value in enumerate(row):
            ink = "white" if value - lowest > MORE_THAN_HALF * (highest - lowest) else "black"
            drawn.text(across, place, "" if isnan(value) else f"{value:.2f}", ha="center", va="center", color=ink)
    drawn.set_xticks(range(len(columns)), columns)
    drawn.set_yticks(range(len(rows)), rows)
    drawn.set_xlabel(axes[1])
    drawn.set_ylabel(axes[0])
    figure.colorbar(picture, ax=drawn).set_label("accuracy, mean over seeds")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _by_size(value: str) -> tuple[float, str]:
    """Numbers by their size, words after them."""
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value
