"""Rows from files, with errors that say which line is wrong. Hubs and folders of data sets are in `seal.task.hub`.

Text stays the text that stands in the file: `007` is no number, `1990-05-01` no date, and `NA` no missing value. A path
is that very file, whatever characters it has; a file that is packed by gzip, bzip2 or xz is unpacked.
"""

import csv
import io
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from unicodedata import normalize

from seal.base.json_text import parsed, without_repeats
from seal.base.reading import as_text, ending, read_bytes
from seal.errors import DataError, first_line
from seal.task.tables import rows_of

ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}

Row = Mapping[str, Any]


def read_rows(path: Path, kind: str, *, key: str) -> list[Row]:
    """The rows of a file, in order. `kind` is one of `ENDINGS`' values; or `auto`, which goes by the file's ending; or
    `any`, which goes by its content where the ending does not say it. `key` is the setting of the path.

    Raises:
        DataError: there is no such file, it is empty, or it is not what its name says.
    """
    if not path.is_file():
        raise DataError(f"{key}: {_no_file(path)}")
    by_content, kind = kind == "any", ENDINGS.get(ending(path), "") if kind in ("auto", "any") else kind
    if not kind and not by_content:
        raise DataError(f"{key}: cannot tell what {path.name} is: say task.format=jsonl, json, csv or parquet")
    try:
        content = read_bytes(path)
        kind = kind or _kind_of(content)
        rows = _READERS[kind](content) if content.strip() else None
    except (ValueError, TypeError, OSError, RecursionError) as error:
        raise DataError(
            f"{key}: {path} cannot be read as {kind}: {first_line(error)}. If it is something else, say task.format=…"
        ) from error
    if not rows:
        raise DataError(f"{key}: {path} {'is empty' if rows is None else 'has no rows'}")
    return rows


def _no_file(path: Path) -> str:
    """That a path is none, and up to five files that may be meant, those with the most similar names first."""
    folder = path if path.is_dir() else path.parent
    names = sorted(each.name for each in folder.iterdir() if ending(each) in ENDINGS) if folder.is_dir() else []
    near = names[:5] if path.is_dir() else get_close_matches(path.name, names, n=5, cutoff=0.0)
    fault, there = ("{} is a folder", "it") if path.is_dir() else ("there is no file {}", "that folder")
    twin = next((name for name in near if normalize("NFC", name) == normalize("NFC", path.name)), None)
    if twin:
        return f"{fault.format(path)}, but one whose letters are other Unicode characters: {ascii(twin)[1:-1]}"
    return fault.format(path) + (f"; {there} has {', '.join(near)}" if near else "")


def _read_json_lines(content: bytes) -> list[Row]:
    return list(_objects(as_text(content)))


def _objects(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _parsed(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is not an object")
        yield row


def _kind_of(content: bytes) -> str:
    """What a file is by how it begins."""
    stripped = content.strip()
    if stripped.startswith(b"PAR1"):
        return "parquet"
    if stripped.startswith(b"{"):
        return "jsonl" if _is_of_lines(stripped) or b"\n" not in stripped else "json"
    return "json" if stripped.startswith(b"[") else "csv"


def _is_of_lines(content: bytes) -> bool:
    """Whether JSON has an object a line, whatever the file is called."""
    first, _, rest = content.strip().partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")


def _read_json(content: bytes) -> list[Row]:
    if _is_of_lines(content):
        return _read_json_lines(content)
    rows = _parsed(as_text(content))
    if isinstance(rows, dict) and isinstance(rows.get("data"), list):
        return list(_paragraphs(rows["data"]))
    if isinstance(rows, dict) and isinstance(rows.get("examples"), list):
        rows = rows["examples"]  # as BIG-Bench Hard has it
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
    """A value; fractions keep the digits that they are written with."""
    return parsed(text, parse_float=Decimal, object_pairs_hook=without_repeats)


def _read_csv(content: bytes) -> list[Row]:
    records = _records(as_text(content))
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


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """The records that say something, with their lines. What the header has most of separates: comma, semicolon, tab.

    Raises:
        ValueError: quotes do not fit.
    """
    csv.field_size_limit(sys.maxsize)
    file = io.StringIO(text, newline="")
    delimiter = max(",;\t", key=file.readline().count)
    file.seek(0)
    records = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        yield from ((records.line_num, fields) for fields in records if any(field.strip() for field in fields))
    except csv.Error as error:
        raise ValueError(f"line {records.line_num}: {error}") from error


def _read_parquet(content: bytes) -> list[Row]:
    """Of the bytes, so that no part of a path is taken for a column (`x=1/`) or a pattern."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        table: pyarrow.Table = ParquetFile(io.BytesIO(content)).read()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(first_line(error)) from error
    return rows_of(table)


_READERS = {"jsonl": _read_json_lines, "json": _read_json, "csv": _read_csv, "parquet": _read_parquet}
