"""Arrow's tables as rows of plain values: labels by name, dates without a time, decimals without padding."""

from collections.abc import Callable, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seal.base.values import is_missing

if TYPE_CHECKING:
    from datasets import Dataset
    from pyarrow import Table

Convert = Callable[[Any], Any]
_MIDNIGHT = time(0, 0)


def rows_of(table: "Table") -> list[Mapping[str, Any]]:
    """The rows of a table.

    Raises:
        ValueError: two columns have one name, or one is of a type that `datasets` does not know.
    """
    from datasets import Dataset, Features

    if repeated := sorted({name for name in table.column_names if table.column_names.count(name) > 1}):
        raise ValueError(f"it has the column {', '.join(repeated)} more than once")
    for field in table.schema:
        try:
            Features.from_arrow_schema(table.select([field.name]).schema)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise ValueError(f"column {field.name}: {error}") from error
    return plain_rows(Dataset(table))


def plain_rows(dataset: "Dataset") -> list[Mapping[str, Any]]:
    """The rows of a data set.

    Raises:
        ValueError: a label has no name, with its row and column.
    """
    rows: list[dict[str, Any]] = list(dataset)
    for column, feature in dataset.features.items():
        if convert := _conversion(feature):
            _convert(rows, column, convert)
        elif _are_dates([row[column] for row in rows]):
            _convert(rows, column, datetime.date)
    return list(rows)


def _convert(rows: list[dict[str, Any]], column: str, convert: Convert) -> None:
    for number, row in enumerate(rows, start=1):
        try:
            row[column] = None if is_missing(row[column]) else convert(row[column])
        except ValueError as error:
            raise ValueError(f"row {number}, column {column}: {error}") from error


def _conversion(feature: Any) -> Convert | None:
    """What makes the values of a feature plain, which may be a list or an object of others; None where they are so."""
    from datasets import ClassLabel, Value

    if isinstance(feature, ClassLabel):
        return lambda value: feature.int2str(value) if value >= 0 else None  # -1 is a label that nobody knows
    if isinstance(feature, Value):
        return _number(feature.dtype)
    if isinstance(feature, Mapping):
        return _each_part({name: found for name, part in feature.items() if (found := _conversion(part))})
    part = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
    return _each(found) if part is not None and (found := _conversion(part)) else None


def _number(dtype: str) -> Convert | None:
    """A number with the digits that its type holds: 0.1 of float32 is 0.10000000149011612 to Python."""
    import numpy as np

    if dtype in ("float16", "float32"):
        return lambda value: Decimal(str(getattr(np, dtype)(value)))
    if dtype.startswith("decimal"):
        return lambda value: value.normalize()  # its last zeros are the column's
    return None


def _each_part(conversions: Mapping[str, Convert]) -> Convert | None:
    if not conversions:
        return None
    return lambda value: {
        name: conversions[name](part) if name in conversions and not is_missing(part) else part
        for name, part in value.items()
    }


def _each(convert: Convert) -> Convert:
    """Of the elements of a list; `datasets` 3 has a list of objects as an object of lists."""

    def converted(value: Any) -> Any:
        if isinstance(value, Mapping):
            columns = [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
            return [convert(each) for each in columns]
        return [each if is_missing(each) else convert(each) for each in value]

    return converted


def _are_dates(values: list[Any]) -> bool:
    """Whether timestamps have no time of day; pandas has no other dates."""
    given = [value for value in values if not is_missing(value)]
    return bool(given) and all(
        isinstance(value, datetime) and value.tzinfo is None and value.time() == _MIDNIGHT for value in given
    )
