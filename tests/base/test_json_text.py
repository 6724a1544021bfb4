"""JSON of strangers is a value or a ValueError."""

import json

import pytest

from seal.base.json_text import MOST_LEVELS, RepeatedKeyError, parsed, without_repeats


@pytest.mark.parametrize("text", ["", "{", "[1,", "nan", "1" * 10_000, '{"a": ' * 100_000, "[" * 100_000])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parsed(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_more_levels_than_anybody_walks_are_refused_and_no_fewer(opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return opening * levels + "[]" + closing * levels

    assert parsed(nested(MOST_LEVELS - 1)) == json.loads(nested(MOST_LEVELS - 1))
    with pytest.raises(ValueError, match="more than 100 levels"):
        parsed(nested(MOST_LEVELS))


def test_plain_values_are_what_they_are() -> None:
    assert [parsed(text) for text in ("3", '"a"', "null", b'{"a": [1, {"b": 2.5}]}')] == [
        3,
        "a",
        None,
        {"a": [1, {"b": 2.5}]},
    ]


@pytest.mark.parametrize("text", ['{"x": 1, "x": 2}', '[{"a": {"x": 1, "y": 3, "x": 2}}]'])
def test_a_key_that_stands_twice_is_refused_where_nothing_may_be_lost(text: str) -> None:
    with pytest.raises(RepeatedKeyError, match="'x' stands more than once in one object, as 1 and 2"):
        parsed(text, object_pairs_hook=without_repeats)
