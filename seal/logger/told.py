"""What loggers tell of a run, however they show it: numbers as they come, and tables and pictures at the end."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seal.logger import Metrics
from seal.store import RESULTS, SPENDING, all_lines

COLUMNS = ("policy", "context", "number", "accuracy", "self-edit")
RESULT_COLUMNS = ("setting", "accuracy", "ci95_low", "ci95_high", "contexts")


def numbers(metrics: Metrics) -> dict[str, float]:
    """The numbers of a line, as `area/name`; about a kind of work, that is the area."""
    kind = f"{metrics['kind']}/" if "kind" in metrics else ""
    return {f"{kind}{name}": value for name, value in metrics.items() if isinstance(value, int | float)}


def cost(folder: Path) -> dict[str, float]:
    """What paid calls took so far; nothing where there were none."""
    bookings = [json.loads(line) for line in all_lines(folder, SPENDING)]
    if not bookings:
        return {}
    return {f"cost/{what}": sum(booking[what] for booking in bookings) for what in ("n_calls", "usd")}


def self_edit_rows(folder: Path, *, most: int) -> list[list[Any]]:
    """The newest self-edits with the mean accuracy of the models that they made; None where nothing is known."""
    shares: dict[str, list[float]] = {}
    for key, evaluation in _records(folder, "evaluations"):
        verdicts = [verdict["grade"] for verdict in evaluation.get("verdicts", ()) if verdict["grade"] != "unknown"]
        if verdicts:
            shares.setdefault(key.rpartition("/")[0], []).append(verdicts.count("correct") / len(verdicts))
    rows: list[list[Any]] = []
    for key, edit in _records(folder, "self_edits"):
        place, _, index = key.rpartition("/")
        policy, _, context = place.rpartition("/")
        known = shares.get(f"{place}/edit_{index}")
        rows.append([policy, context, int(index), sum(known) / len(known) if known else None, edit["text"]])
    return rows[max(0, len(rows) - most) :]


def _records(folder: Path, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for line in all_lines(folder, kind):
        entry = json.loads(line)
        yield entry["key"], entry["value"]


def result_rows(folder: Path) -> list[list[Any]]:
    """The table of a run that is done."""
    file = folder / RESULTS
    table = json.loads(file.read_text())["table"] if file.exists() else []
    return [[row["setting"], row["accuracy"], *(row["ci95"] or (None, None)), row["n_contexts"]] for row in table]


def pictures(folder: Path) -> list[Path]:
    """Those of the report, where it has been made."""
    return sorted((folder / "report").glob("*.png")) if (folder / RESULTS).exists() else []
