"""Tables of Arrow as rows of plain values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from seal.task.tables import plain_rows, rows_of

LABEL = ClassLabel(names=["no", "yes"])


def column(values: Any, kind: pa.DataType | None = None) -> list[Any]:
    return [row["a"] for row in rows_of(pa.table({"a": pa.array(values, type=kind)}))]


def test_labels_have_their_names_wherever_they_stand() -> None:
    features = Features(
        {"a": LABEL, "list": List(LABEL), "asked": List({"question": Value("string"), "answer": LABEL})}
    )
    rows = {"a": [0, 1, -1, None], "list": [[1], [], [0, 1], None]}
    rows["asked"] = [[{"question": "q", "answer": 1}], [], [{"question": "r", "answer": None}], []]
    found = plain_rows(Dataset.from_dict(rows, features=features))
    assert [row["a"] for row in found] == ["no", "yes", None, None]
    assert [row["list"] for row in found] == [["yes"], [], ["no", "yes"], None]
    assert found[0]["asked"] == [{"question": "q", "answer": "yes"}]
    assert found[2]["asked"] == [{"question": "r", "answer": None}]


def test_categories_of_pandas_are_their_texts() -> None:
    table = pa.Table.from_pandas(pd.DataFrame({"a": pd.Categorical(["x", "y", None])}))
    assert [row["a"] for row in rows_of(table)] == ["x", "y", None]


def test_numbers_have_the_digits_of_their_type() -> None:
    assert column([0.1, 1990.0, None], pa.float32()) == [Decimal("0.1"), Decimal("1990.0"), None]
    assert column([Decimal("1.500000000"), Decimal(20)], pa.decimal128(20, 9)) == [Decimal("1.5"), Decimal(20)]
    assert column([1.1, 7.0]) == [1.1, 7.0]


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ns")])
def test_timestamps_of_a_column_without_times_of_day_are_dates(kind: pa.DataType) -> None:
    days = [datetime(1990, 5, 1), None, datetime(1820, 1, 1)]
    assert column(days, kind) == [date(1990, 5, 1), None, date(1820, 1, 1)]
    assert column([*days, datetime(1990, 5, 1, 3, 30)], kind)[0] == datetime(1990, 5, 1)
    assert column([datetime(1990, 5, 1, tzinfo=UTC)])[0] == datetime(1990, 5, 1, tzinfo=UTC)
    assert column([date(1990, 5, 1)]) == [date(1990, 5, 1)]


def test_two_columns_of_one_name_are_refused() -> None:
    table = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["a", "a"])
    with pytest.raises(ValueError, match="the column a more than once"):
        rows_of(table)


def test_a_type_that_nobody_reads_is_refused_with_its_column() -> None:
    with pytest.raises(ValueError, match="column a: Arrow type map"):
        column([[("k", "v")]], pa.map_(pa.string(), pa.string()))


def test_a_label_without_a_name_is_refused_with_its_row_and_column() -> None:
    table = Dataset.from_dict({"a": [0, 1]}, features=Features({"a": LABEL})).data.table
    broken = pa.Table.from_arrays([pa.array([0, 7])], schema=table.schema)
    with pytest.raises(ValueError, match="row 2, column a"):
        rows_of(broken)
