"""Files of rows, read through `datasets`, with errors that say which line is wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seal.errors import DataError

ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".parquet": "parquet"}
_BUILDERS = {"jsonl": "json", "json": "json", "csv": "csv", "parquet": "parquet"}

Row = Mapping[str, Any]


def read_rows(path: Path, kind: str) -> list[Row]:
    """The rows of a file, in order. `kind` is `auto`, or one of `ENDINGS`' values.

    Raises:
        DataError: there is no such file, it is empty, or it is not what its name says.
    """
    if not path.is_file():
        near = [other.name for other in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        there = f"; that folder has {', '.join(sorted(near)[:5])}" if near else ""
        raise DataError(f"task.path: there is no file {path}{there}")
    if kind == "auto":
        kind = ENDINGS.get(path.suffix.lower(), "")
        if not kind:
            raise DataError(f"task.path: cannot tell what {path.name} is: say task.format=jsonl, json, csv or parquet")
    with path.open("rb") as file:
        if not file.read(1024).strip():
            raise DataError(f"task.path: {path} is empty")
    rows = _through_datasets(path, kind)
    if not rows:
        raise DataError(f"task.path: {path} has no rows")
    return rows


def _through_datasets(path: Path, kind: str) -> list[Row]:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it would log is in our error
    with TemporaryDirectory() as cache:
        try:
            table = datasets.load_dataset(
                _BUILDERS[kind], data_files=str(path), split="train", cache_dir=cache, keep_in_memory=True
            )
            return list(table)
        except (datasets.exceptions.DatasetGenerationError, ValueError, TypeError) as error:
            reason = _first_bad_line(path) if kind == "jsonl" else _first_line(error.__cause__ or error)
            raise DataError(
                f"task.path: {path} cannot be read as {kind}: {reason}. If it is something else, say task.format=…"
            ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _first_bad_line(path: Path) -> str:
    """Which line of a JSON Lines file is no JSON object, and why."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return f"line {number} is not an object"
            except ValueError as error:
                return f"line {number}: {error}"
    return "the same column has values of different types in different lines"
