"""What the tests of published forms share: rows become a file, and a file becomes contexts."""

import csv
import json
from pathlib import Path

import pytest

from seal.config import loading
from seal.errors import DataError
from seal.task import Contexts
from tests.task.formats.rows import Rows

Asked = tuple[str, str, tuple[str, ...]]
"""Kind, question, accepted answers."""


def load(path: Path, **settings: object) -> Contexts:
    overrides = [f"task.{key}={value}" for key, value in settings.items()]
    run, _ = loading.load(["task=passages", f"task.path={path}", *overrides])
    return run.task.load()


def written(folder: Path, rows: Rows, name: str = "rows.json") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        import datasets

        datasets.Dataset.from_list(rows).to_parquet(path)
    else:
        path.write_text(json.dumps(rows) if path.suffix == ".json" else "\n".join(map(json.dumps, rows)))
    return path


def read(folder: Path, rows: Rows, name: str = "rows.json", **settings: object) -> Contexts:
    return load(written(folder, rows, name), **settings)


def asked(contexts: Contexts) -> set[Asked]:
    return {(query.kind, query.question, query.accepted) for context in contexts.all for query in context.queries}


def passages(contexts: Contexts) -> set[tuple[str, str]]:
    return {(context.title, context.text) for context in contexts.all}


def fault(folder: Path, rows: Rows, **settings: object) -> str:
    with pytest.raises(DataError) as raised:
        read(folder, rows, **settings)
    return str(raised.value)
