"""What a row says, in declared types: the right value, or a fault with its row and column."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seal.errors import DataError
from seal.task.passages import Passages

SQUAD = pd.DataFrame(
    {
        "title": ["A", "B"],
        "context": ["Alpha.", "Beta."],
        "question": ["Who?", "Which?"],
        "answers": [{"text": np.array(["Ada L.", "Ada"], dtype=object), "answer_start": np.array([3, 3])}] * 2,
    }
)


def asked(path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """By title and question, the accepted answers."""
    contexts = Passages(path=path).load().all
    return {context.title: {query.question: query.accepted for query in context.queries} for context in contexts}


def answers(path: Path) -> list[tuple[str, ...]]:
    """In the order of the titles."""
    found = asked(path)
    return [accepted for title in sorted(found) for accepted in found[title].values()]


def fault(path: Path) -> str:
    with pytest.raises(DataError) as raised:
        Passages(path=path).load()
    return str(raised.value)


def flat(values: list[Any], column: str = "answer") -> pd.DataFrame:
    titles = [f"T{number}" for number in range(len(values))]
    frame = pd.DataFrame({"title": titles, "passage": [f"{title}." for title in titles], "question": "When?"})
    return frame.assign(answer="x").assign(**{column: values})


@pytest.mark.parametrize("write", ["to_csv", "to_parquet", "to_json"])
@pytest.mark.parametrize("form", ["arrays", "lists", "texts", "objects"])
def test_squad_s_answers_are_all_kept_however_pandas_writes_them(tmp_path: Path, write: str, form: str) -> None:
    texts = ["Ada L.", "Ada"]
    said = {"lists": {"text": texts}, "texts": texts, "objects": [{"text": each} for each in texts]}
    frame = SQUAD if form == "arrays" else SQUAD.assign(answers=[said[form]] * 2)
    path = tmp_path / f"a.{write.removeprefix('to_')}"
    getattr(frame, write)(path, **({"orient": "records"} if write == "to_json" else {}))
    assert asked(path) == {"A": {"Who?": ("Ada L.", "Ada")}, "B": {"Which?": ("Ada L.", "Ada")}}


def test_lists_of_questions_in_a_cell_are_read_back(tmp_path: Path) -> None:
    questions = [{"question": "Who?", "answer": "Ada"}, {"question": "Why?", "answers": ["x", "y"]}]
    pd.DataFrame({"title": ["A"], "passage": ["Alpha."], "questions": [questions]}).to_csv(tmp_path / "a.csv")
    assert asked(tmp_path / "a.csv") == {"A": {"Who?": ("Ada",), "Why?": ("x", "y")}}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1990.0, 1820.0], ["1990", "1820"]),
        (np.array([0.1, 2.5], dtype=np.float32), ["0.1", "2.5"]),
        (pd.array([1990, 1820], dtype="Int64"), ["1990", "1820"]),
        (pd.to_datetime(["1990-05-01", "1820-01-01"]), ["1990-05-01", "1820-01-01"]),
        ([date(1990, 5, 1), date(1820, 1, 1)], ["1990-05-01", "1820-01-01"]),
        (pd.Categorical(["yes", "no"]), ["yes", "no"]),
        ([True, False], ["true", "false"]),
        (["Zoë".encode(), b"Y"], ["Zoë", "Y"]),
    ],
)
def test_columns_of_other_types_are_read_as_a_person_would_write_them(
    tmp_path: Path, values: Any, found: list[str]
) -> None:
    flat(values).to_parquet(tmp_path / "a.parquet")
    assert answers(tmp_path / "a.parquet") == [(each,) for each in found]


@pytest.mark.parametrize(
    "values", [[1990.0, None], pd.array([1990, None], dtype="Int64"), pd.to_datetime(["1990-05-01", None])]
)
def test_a_missing_value_is_an_empty_answer_with_its_row(tmp_path: Path, values: Any) -> None:
    flat(values).to_parquet(tmp_path / "a.parquet")
    assert "row 2: question 1 ('When?') has an empty answer (column answer)" in fault(tmp_path / "a.parquet")


def test_nan_in_json_is_missing_and_infinity_no_number(tmp_path: Path) -> None:
    row = '{"title": "A", "passage": "Alpha.", "question": "q?", "answer": %s}\n'
    (tmp_path / "a.jsonl").write_text(row % "NaN" + row % "-Infinity" + row % "1e999999")
    message = fault(tmp_path / "a.jsonl")
    assert "row 1: question 1 ('q?') has an empty answer (column answer)" in message
    assert "row 2: question 1: answer is -Infinity, not a number (column answer)" in message
    assert "row 3: question 1: answer is 1E+999999, too long a number (column answer)" in message


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("title", "title"),
        ("passage", "passage"),
        ("question", "question 1: question"),
        ("answer", "question 1: answer"),
    ],
)
@pytest.mark.parametrize(
    ("value", "kind"), [(b"\xff", "bytes that are no UTF-8"), (timedelta(1), "a timedelta, not a text")]
)
def test_a_kind_that_nobody_expected_is_a_fault_with_row_and_column(
    tmp_path: Path, column: str, what: str, value: Any, kind: str
) -> None:
    flat([value], column).to_parquet(tmp_path / "a.parquet")
    found = fault(tmp_path / "a.parquet")
    assert f"row 1: {what} is {kind}" in found
    assert f"(column {column})" in found


def test_a_list_that_was_printed_into_a_passage_is_a_fault(tmp_path: Path) -> None:
    flat([["One.", "Two."]], "passage").to_csv(tmp_path / "a.csv")
    assert "row 1: passage is a list that was printed into a text" in fault(tmp_path / "a.csv")


def test_answers_that_cannot_be_told_are_faults_with_their_rows(tmp_path: Path) -> None:
    flat(["[0, 1]", "['a', 'b'", "{'value': 'x'}", "['[0, 1]']"]).to_csv(tmp_path / "a.csv")
    message = fault(tmp_path / "a.csv")
    assert "row 1: question 1: answer may be one answer or several" in message
    assert "row 2: question 1: answer begins like a printed list" in message
    assert "row 3: question 1: answer is an object without text; it has value (column answer)" in message
    assert "row 4" not in message


@pytest.mark.parametrize("flag", ["True", "true", "1"])
def test_a_question_that_a_csv_file_calls_impossible_is_left_out(tmp_path: Path, flag: str) -> None:
    flat(["", "x"]).assign(is_impossible=[flag, "False"]).to_csv(tmp_path / "a.csv")
    assert answers(tmp_path / "a.csv") == [("x",)]
    flat(["", "x"]).assign(is_impossible=["perhaps", ""]).to_csv(tmp_path / "a.csv")
    assert "row 1: question 1: is_impossible" in fault(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "name", ["rows[1].jsonl", "rows*.jsonl", "r?ws.jsonl", "$HOME {x}=1, #2 ~.jsonl", "Zoë.jsonl", "Zoe\u0308.jsonl"]
)
def test_a_file_is_that_very_one_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    line = '{"title": "%s", "passage": "Text.", "question": "q?", "answer": "x"}\n'
    for other in ("rows1.jsonl", "rows.jsonl", "Zoë.jsonl", "Zoe\u0308.jsonl"):
        (tmp_path / other).write_text(line % "another")
    (tmp_path / name).write_text(line % "this")
    assert list(asked(tmp_path / name)) == ["this"]


@pytest.mark.parametrize("write", ["to_csv", "to_json", "to_parquet"])
def test_packed_files_are_read_by_their_inner_ending(tmp_path: Path, write: str) -> None:
    import gzip

    path = tmp_path / f"a.{write.removeprefix('to_')}"
    getattr(flat(["x"]), write)(path, **({"orient": "records"} if write == "to_json" else {}))
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert answers(packed) == [("x",)]


def test_a_name_in_other_unicode_characters_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "Zoe\u0308.jsonl").write_text("{}")
    assert "one whose letters are other Unicode characters: Zoe\\u0308.jsonl" in fault(tmp_path / "Zoë.jsonl")


def test_a_key_that_stands_twice_in_a_row_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "A", "passage": "a"}\n{"title": "B", "title": "C", "passage": "b"}\n')
    assert "line 2: 'title' stands more than once in one object, as 'B' and 'C'" in fault(tmp_path / "a.jsonl")
