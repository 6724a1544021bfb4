"""Files of rows, read through `datasets`, with errors that say which line is wrong.

Text stays the text that stands in the file: `007` is no number, `1990-05-01` no date, and `NA` no missing value.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seal.errors import DataError

ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".parquet": "parquet"}
_UTF8 = "utf-8-sig"
"""With or without a byte order mark."""

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
    try:
        rows = _READERS[kind](path)
    except (ValueError, TypeError, csv.Error) as error:
        raise DataError(
            f"task.path: {path} cannot be read as {kind}: {_first_line(error)}. If it is something else, "
            "say task.format=…"
        ) from error
    if not rows:
        raise DataError(f"task.path: {path} has no rows")
    return rows


def _read_json_lines(path: Path) -> list[Row]:
    return list(_objects(path))


def _objects(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_load("text", path, encoding=_UTF8, sample_by="line"), start=1):
        if not line["text"].strip():
            continue
        try:
            row = _parsed(line["text"])
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is not an object")
        yield row


def _read_json(path: Path) -> list[Row]:
    [document] = _load("text", path, encoding=_UTF8, sample_by="document")
    rows = _parsed(document["text"])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is not a list of objects")
    return rows


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str)


def _read_csv(path: Path) -> list[Row]:
    import datasets

    with path.open(newline="", encoding=_UTF8) as file:
        columns = next(csv.reader(file))
    features = datasets.Features({column: datasets.Value("string") for column in columns})
    return _load("csv", path, encoding=_UTF8, features=features, keep_default_na=False, na_filter=False)


def _read_parquet(path: Path) -> list[Row]:
    return _load("parquet", path)


_READERS = {"jsonl": _read_json_lines, "json": _read_json, "csv": _read_csv, "parquet": _read_parquet}


def _load(builder: str, path: Path, **settings: Any) -> list[Row]:
    """The rows that a builder of `datasets` makes of a file.

    Raises:
        ValueError: it cannot.
    """
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it would log is in our error
    with TemporaryDirectory() as cache:
        try:
            table = datasets.load_dataset(
                builder, data_files=str(path), split="train", cache_dir=cache, keep_in_memory=True, **settings
            )
            return list(table)
        except datasets.exceptions.DatasetGenerationError as error:
            raise ValueError(_first_line(error.__cause__ or error)) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
