"""Differences and rounds as CSV: a line each, with every number that `results.json` has."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seal.stats.results import Comparison, Results

DIFFERENCES, ROUNDS = "differences.csv", "rounds.csv"
_NESTED = ("selection", "retried")
"""Values inside a round that it may lack."""


def write_numbers(results: Results, folder: Path) -> Iterator[Path]:
    """Write what there is: the paired differences in accuracy and in each metric, and the rounds."""
    differences = _differences("accuracy", results.comparisons)
    for name, found in results.metrics.items():
        differences += _differences(name, found.comparisons)
    for name, lines in ((DIFFERENCES, differences), (ROUNDS, [_flat(asdict(one)) for one in results.rounds])):
        if lines:
            yield _written(folder / name, lines)


def _differences(metric: str, comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    return [{"metric": metric, **_flat(asdict(one))} for one in comparisons]


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Without nesting: an interval has two columns, a value inside another one the names of both."""
    cells: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            cells |= _flat(value, f"{before}{name}_")
        elif "ci95" in name:
            cells |= dict(zip((f"{before}{name}_low", f"{before}{name}_high"), value or (None, None), strict=True))
        elif name not in _NESTED:
            cells[before + name] = value
    return cells


def _written(path: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    columns = dict.fromkeys(name for line in lines for name in line)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(lines)
    return path
