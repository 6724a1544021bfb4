"""Rows from files and from data sets on the hub, with errors that say which line is wrong.

Text stays the text that stands in the file: `007` is no number, `1990-05-01` no date, and `NA` no missing value.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seal.errors import DataError, first_line

ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_UTF8 = "utf-8-sig"
"""With or without a byte order mark."""

Row = Mapping[str, Any]


def read_rows(path: Path, kind: str, *, key: str) -> list[Row]:
    """The rows of a file, in order. `kind` is `auto`, or one of `ENDINGS`' values; `key` is the setting of the path.

    Raises:
        DataError: there is no such file, it is empty, or it is not what its name says.
    """
    if not path.is_file():
        raise DataError(f"{key}: {_no_file(path)}")
    if kind == "auto":
        kind = ENDINGS.get(path.suffix.lower(), "")
        if not kind:
            raise DataError(f"{key}: cannot tell what {path.name} is: say task.format=jsonl, json, csv or parquet")
    with path.open("rb") as file:
        if not file.read(1024).strip():
            raise DataError(f"{key}: {path} is empty")
    try:
        if kind != "parquet":
            _require_utf8(path)
        rows = _READERS[kind](path)
    except (ValueError, TypeError, OSError, RecursionError) as error:
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


def _no_file(path: Path) -> str:
    """That a path is none, and up to five files that may be meant, those with the most similar names first."""
    folder = path if path.is_dir() else path.parent
    names = sorted(each.name for each in folder.glob("*") if each.suffix.lower() in ENDINGS)
    near = names[:5] if path.is_dir() else get_close_matches(path.name, names, n=5, cutoff=0.0)
    fault, there = ("{} is a folder", "it") if path.is_dir() else ("there is no file {}", "that folder")
    return fault.format(path) + (f"; {there} has {', '.join(near)}" if near else "")


def _require_utf8(path: Path) -> None:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise ValueError(f"it is not UTF-8 (line {number}): save it as UTF-8") from error


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
    records = _records(path)
    _, header = next(records, (1, []))
    columns = [column.strip() for column in header]
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise ValueError(f"its header has {', '.join(repeated)} more than once")
    rows: list[Row] = []
    for number, fields in records:
        if len(fields) != len(columns):
            raise ValueError(
                f"line {number} has {len(fields)} fields, the header {len(columns)}: a field with a separator in it "
                "needs quotes"
            )
        rows.append(dict(zip(columns, fields, strict=True)))
    return rows


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The records that say something, with their lines. What the header has most of separates: comma, semicolon, tab.

    Raises:
        ValueError: quotes do not fit.
    """
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="", encoding=_UTF8) as file:
        delimiter = max(",;\t", key=file.readline().count)
        file.seek(0)
        records = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            yield from ((records.line_num, fields) for fields in records if any(field.strip() for field in fields))
        except csv.Error as error:
            raise ValueError(f"line {records.line_num}: {error}") from error


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
