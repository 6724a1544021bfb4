"""The parts of a run that all loggers show: numbers as they come, tables and plots at the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from seal.base.monitor import Metrics
from seal.folder.run_files import read_bookings, read_whole
from seal.folder.store import RESULTS, read_records, task_files
from seal.stats.statistics import accuracy
from seal.types import Evaluation, Failure, SelfEdit

COLUMNS = ("policy", "context", "number", "accuracy", "self-edit")
RESULT_COLUMNS = ("setting", "accuracy", "ci95_low", "ci95_high", "contexts")


class _Row(TypedDict):
    setting: str
    accuracy: float | None
    ci95: tuple[float, float] | None
    n_contexts: int


class _Results(TypedDict):
    """The part of `results.json` that loggers show."""

    table: list[_Row]


def numbers(metrics: Metrics) -> dict[str, float]:
    """The numbers of a line, as `area/name`. A line about one kind of work has that kind as its area."""
    kind = f"{metrics['kind']}/" if "kind" in metrics else ""
    return {f"{kind}{name}": value for name, value in metrics.items() if isinstance(value, int | float)}


def cost(folder: Path) -> dict[str, float]:
    """The number and cost of paid calls so far; empty if there were none."""
    bookings = read_bookings(folder)
    if not bookings:
        return {}
    return {f"cost/{what}": sum(booking[what] for booking in bookings) for what in ("n_calls", "usd")}


def self_edit_rows(folder: Path, *, most: int) -> list[list[Any]]:
    """The newest self-edits, each with the mean accuracy of the models adapted on it; None if that is unknown."""
    shares: dict[str, list[float]] = {}
    for key, outcome in _records(folder, "evaluations", Evaluation | Failure):
        share = accuracy(outcome) if isinstance(outcome, Evaluation) else None
        if share is not None:
            shares.setdefault(key.rpartition("/")[0], []).append(share)
    rows: list[list[Any]] = []
    for key, edit in _records(folder, "self_edits", SelfEdit):
        place, _, index = key.rpartition("/")
        if not index.isdecimal():
            continue
        policy, _, context = place.rpartition("/")
        known = shares.get(f"{place}/edit_{index}")
        rows.append([policy, context, int(index), sum(known) / len(known) if known else None, edit.text])
    return rows[max(0, len(rows) - most) :]


def _records(folder: Path, kind: str, shape: Any) -> Iterator[tuple[str, Any]]:
    for file in (folder / f"{kind}.jsonl", *task_files(folder, kind)):
        yield from read_records(file, shape).items()


def result_rows(folder: Path) -> list[list[Any]]:
    """The table of a finished run."""
    found: _Results = read_whole(folder / RESULTS, _Results) if (folder / RESULTS).exists() else {"table": []}
    rows = found["table"]
    return [[row["setting"], row["accuracy"], *(row["ci95"] or (None, None)), row["n_contexts"]] for row in rows]


def pictures(folder: Path) -> list[Path]:
    """The plots of the report, if it has been written."""
    return sorted((folder / "report").glob("*.png")) if (folder / RESULTS).exists() else []
