"""Lists and objects in texts are read back as they were printed, and nothing of them is ever evaluated."""

from typing import Any

import numpy as np
import pytest

from seal.base.printed import is_printed, read_back

MANY = np.array([f"x{number}" for number in range(2000)], dtype=object)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["a", "b"], ["a", "b"]),
        ({"text": ["it's", 'a "b"'], "answer_start": [28]}, {"text": ["it's", 'a "b"'], "answer_start": [28]}),
        (("a", "b"), ("a", "b")),
        ([], []),
        ([{"question": "Why?", "answer": None}], [{"question": "Why?", "answer": None}]),
        ([True, None, float("nan")], [True, None, None]),
        (np.array(["Ada L.", "it's"], dtype=object), ["Ada L.", "it's"]),
        (np.array(["a very long answer of many words"] * 5, dtype=object), ["a very long answer of many words"] * 5),
        ([np.str_("Zoë"), np.float64(1.5), np.True_], ["Zoë", 1.5, True]),
        ({"text": np.array(["naïve", "多", "😀 b"], dtype=object)}, {"text": ["naïve", "多", "😀 b"]}),
        (b"Zo\xc3\xab", b"Zo\xc3\xab"),
    ],
)
def test_what_python_and_numpy_print_is_read_back(value: Any, found: Any) -> None:
    assert read_back(str(value)) == found
    assert read_back(f" {value!r}\n") == found


@pytest.mark.parametrize(
    ("text", "found"), [('["a", null, true]', ["a", None, True]), ('{"text": ["a"]}', {"text": ["a"]})]
)
def test_json_in_a_text_is_read_back(text: str, found: Any) -> None:
    assert read_back(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "Paris",
            "[sic]",
            "[[Paris]]",
            "[0, 1)",
            "(3, 4)",
            "{x}",
            "{1, 2}",
            "f(x)",
            "(f(x))",
            "[page(3)]",
            "date(s) unknown",
            "set(x)",
        ),
        *('("The King")', "['", "b", "b'", "-5", "12"),
        "[" * 3000,
        "[__import__('os').system('touch /tmp/evaluated')]",
    ],
)
def test_a_text_in_words_stays_one(text: str) -> None:
    if is_printed(text):
        with pytest.raises(ValueError, match="cannot be read back"):
            read_back(text)
    else:
        assert read_back(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("['a', 'b'", "['a' + 'b']", "['a'.upper()]", "{'text': open('x')}", "['a', name]"),
        *("[Timestamp('1990-05-01 00:00:00')]", "[datetime.date(1990, 5, 1)]", "[Decimal('1.5')]"),
        *("{'text': ['a'], 'text': ['b']}", '{"text": ["a"], "text": ["b"]}'),
        "['a'" * 3000,
    ],
)
def test_what_begins_like_a_list_and_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read back"):
        read_back(text)


def test_a_list_that_numpy_cut_when_it_was_printed_is_no_list_of_what_is_left() -> None:
    assert ... in read_back(str(MANY))
