"""Rows from files and from data sets on the hub, read through `datasets`, with errors that say which line is wrong.

Text stays the text that stands in the file: `007` is no number, `1990-05-01` no date, and `NA` no missing value.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seal.errors import DataError, first_line

ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".parquet": "parquet"}
_UTF8 = "utf-8-sig"
"""With or without a byte order mark."""

Row = Mapping[str, Any]


def read_rows(path: Path, kind: str, *, key: str) -> list[Row]:
    """The rows of a file, in order. `kind` is `auto`, or one of `ENDINGS`' values; `key` is the setting of the path.

    Raises:
        DataError: there is no such file, it is empty, or it is not what its name says.
    """
    if not path.is_file():
        near = [other.name for other in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        there = f"; that folder has {', '.join(sorted(near)[:5])}" if near else ""
        raise DataError(f"{key}: there is no file {path}{there}")
    if kind == "auto":
        kind = ENDINGS.get(path.suffix.lower(), "")
        if not kind:
            raise DataError(f"{key}: cannot tell what {path.name} is: say task.format=jsonl, json, csv or parquet")
    with path.open("rb") as file:
        if not file.read(1024).strip():
            raise DataError(f"{key}: {path} is empty")
    try:
        rows = _READERS[kind](path)
    except (ValueError, TypeError, OSError, RecursionError, csv.Error) as error:
        raise DataError(
            f"{key}: {path} cannot be read as {kind}: {first_line(error)}. If it is something else, say task.format=…"
        ) from error
    if not rows:
        raise DataError(f"{key}: {path} has no rows")
    return rows


def read_split(path: str, split: str, revision: str | None, *, key: str) -> list[Row]:
    """The rows of a split of a data set: a name on the hub, or a folder. `key` is the setting of the path.

    Raises:
        DataError: there is no such data set or split, or the hub cannot be reached.
    """
    import datasets

    is_folder = Path(path).is_dir()
    try:
        with TemporaryDirectory() if is_folder else nullcontext() as cache:  # what is downloaded is kept
            return _load(path, split=split, revision=revision, cache=cache)
    except (ValueError, OSError, datasets.exceptions.DatasetsError) as error:
        fault = f"{key}: split '{split}' of {path} cannot be read: {first_line(error)}"
        way_out = "" if is_folder else f". Where the hub is out of reach, give a folder with a copy ({key}=…) or files"
        raise DataError(fault + way_out) from error


def _read_json_lines(path: Path) -> list[Row]:
    return list(_objects(path))


def _objects(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_load_file("text", path, encoding=_UTF8, sample_by="line"), start=1):
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
    [document] = _load_file("text", path, encoding=_UTF8, sample_by="document")
    rows = _parsed(document["text"])
    if isinstance(rows, dict) and isinstance(rows.get("data"), list):
        return list(_paragraphs(rows["data"]))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is not a list of objects, nor SQuAD's {'data': [...]}")
    return rows


def _paragraphs(articles: list[Any]) -> Iterator[Row]:
    """The paragraphs of SQuAD's own document, each a row with its article's title."""
    for number, article in enumerate(articles, start=1):
        paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
        if not isinstance(paragraphs, list) or not all(isinstance(each, dict) for each in paragraphs):
            raise ValueError(f"article {number} of its data has no list of paragraphs")
        yield from ({"title": article.get("title"), **paragraph} for paragraph in paragraphs)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str)


def _read_csv(path: Path) -> list[Row]:
    import datasets

    with path.open(newline="", encoding=_UTF8) as file:
        columns = next(csv.reader(file))
    features = datasets.Features({column: datasets.Value("string") for column in columns})
    return _load_file("csv", path, encoding=_UTF8, features=features, keep_default_na=False, na_filter=False)


def _read_parquet(path: Path) -> list[Row]:
    return _load_file("parquet", path)


_READERS = {"jsonl": _read_json_lines, "json": _read_json, "csv": _read_csv, "parquet": _read_parquet}


def _load_file(builder: str, path: Path, **settings: Any) -> list[Row]:
    """The rows that a builder of `datasets` makes of a file.

    Raises:
        ValueError: it cannot.
    """
    with TemporaryDirectory() as cache:
        return _load(builder, split="train", cache=cache, data_files=str(path), **settings)


def _load(source: str, *, split: str, cache: str | None, **settings: Any) -> list[Row]:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it would log is in our error
    try:
        return list(datasets.load_dataset(source, split=split, cache_dir=cache, keep_in_memory=True, **settings))
    except datasets.exceptions.DatasetGenerationError as error:
        raise ValueError(first_line(error.__cause__ or error)) from error
