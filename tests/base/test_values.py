"""Values of data files as texts: each kind has one, or is refused."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from seal.base.values import Flag, answers_of, is_missing, text_of, words_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((" Paris\n", "Paris"), ("007", "007"), ("NA", "NA"), ("nan", "nan"), ("", "")),
        *((None, ""), (float("nan"), ""), (Decimal("NaN"), ""), (pd.NaT, "")),
        *((True, "true"), (False, "false"), (7, "7"), (10**30, "1" + "0" * 30)),
        *((1990.0, "1990"), (-5.0, "-5"), (1.5, "1.5"), (1e22, "1" + "0" * 22), (1e-7, "0.0000001"), (0.1, "0.1")),
        *((np.float64(2.0), "2"), (Decimal("1.50"), "1.50"), (Decimal("2.00"), "2"), (Decimal("1E+5"), "100000")),
        *((date(1990, 5, 1), "1990-05-01"), (time(3, 30), "03:30:00")),
        (datetime(1990, 5, 1, 3, 30), "1990-05-01 03:30:00"),
        (datetime(1990, 5, 1, 3, 30, tzinfo=UTC), "1990-05-01 03:30:00+00:00"),
        (pd.Timestamp("1990-05-01 03:30"), "1990-05-01 03:30:00"),
        *((b"Zo\xc3\xab", "Zoë"), (bytearray(b"a"), "a"), (memoryview(b"a"), "a")),
    ],
)
def test_a_value_has_the_text_that_a_person_would_write(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    "value",
    [
        *(["a"], ("a",), {"a"}, {"text": "a"}, np.array(["a"])),
        *(b"\xff\xfe", float("inf"), Decimal("-Infinity"), Decimal("1E+999999"), 3 + 4j, ...),
        *(timedelta(hours=1), UUID(int=1), pd.NA, pd.Timedelta("1h"), SimpleNamespace(), np.int64(3), object()),
    ],
)
def test_a_kind_of_value_that_nobody_expected_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^(is|was) "):
        text_of(value)


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        *(
            ("Paris", ("Paris",)),
            (["Paris", "the city", "Paris"], ("Paris", "the city")),
            ([1990.0, 1991], ("1990", "1991")),
        ),
        *(({"text": ["x", "y"], "answer_start": [0, 1]}, ("x", "y")), ([{"text": "x"}, {"text": "y"}], ("x", "y"))),
        *(("{'text': ['x', 'y'], 'answer_start': [0, 1]}", ("x", "y")), ('["x", "y"]', ("x", "y"))),
        *(("['x' 'y']", ("x", "y")), ("['it''s']", ("it", "s")), ("b'x'", ("x",)), ("[1990]", ("1990",))),
        *(("[sic]", ("[sic]",)), (["[0, 1]"], ("[0, 1]",)), ("['[0, 1]']", ("[0, 1]",))),
        *((["", None, "x"], ("x",)), ("['x', nan]", ("x",)), (True, ("true",))),
    ],
)
def test_every_accepted_answer_is_kept_once_the_first_one_first(value: Any, answers: tuple[str, ...]) -> None:
    assert answers_of(value) == answers


@pytest.mark.parametrize("value", [[], "[]", {"text": []}, "{'text': array([], dtype=object)}"])
def test_no_answers_are_none_and_an_answer_that_says_nothing_is_an_empty_one(value: Any) -> None:
    assert answers_of(value) == ()
    assert [answers_of(empty) for empty in (None, "", " ", [""], [None], float("nan"))] == [("",)] * 6


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        *(([["x"]], "a list inside a list"), ("[['x'], ['y']]", "a list inside a list")),
        *(
            ({"value": "x"}, "an object without text; it has value"),
            ("{'value': 'x'}", "without text"),
            ({}, "nothing"),
        ),
        *(("[0, 1]", 'write a list of texts, such as ["[0, 1]"]'), ("[[1 2]\n [3 4]]", "one answer or several")),
        *(("['a' 'b' ... 'z']", "was cut"), ([b"\xff"], "no UTF-8"), ([timedelta(1)], "is a timedelta")),
    ],
)
def test_answers_that_cannot_be_told_are_refused_with_what_would_be_right(value: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        answers_of(value)


@pytest.mark.parametrize("text", ["[REC]", "[5]", "['Tis the season", '{"a": [1]}', '["The Raven"] said he', "(a, b)"])
def test_words_may_have_brackets_and_be_json(text: str) -> None:
    assert words_of(text) == text


@pytest.mark.parametrize("text", ["['One.' 'Two.']", '["One.", "Two."]', "{'a': 1}", "array(['a'], dtype=object)"])
def test_a_list_that_was_printed_into_a_text_is_not_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="that was printed into a text"):
        words_of(text)


def test_printed_bytes_are_words() -> None:
    assert words_of(str("Zoë".encode())) == "Zoë"


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (1, True), (1.0, True), ("True", True), ("false", False), (0, False), (None, False), ("", False)],
)
def test_a_flag_is_what_a_file_can_say_of_true_and_false(value: Any, flag: bool) -> None:
    assert TypeAdapter(Flag).validate_python(value) is flag


@pytest.mark.parametrize("value", ["perhaps", 2, [], "nan"])
def test_another_value_is_no_flag(value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Flag).validate_python(value)


def test_null_nan_and_nat_are_missing_and_nothing_else_is() -> None:
    assert all(map(is_missing, (None, float("nan"), np.float64("nan"), Decimal("nan"), pd.NaT)))
    assert not any(map(is_missing, ("", "nan", 0, [], False, pd.Timestamp(0))))
