"""JSON of strangers is a value or a ValueError."""

import json

import pytest

from seal.base.json_text import MOST_LEVELS, parsed


@pytest.mark.parametrize("text", ["", "{", "[1,", "nan", "1" * 10_000, '{"a": ' * 100_000, "[" * 100_000])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parsed(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_more_levels_than_anybody_walks_are_refused_and_no_fewer(opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return opening * levels + "[]" + closing * levels

    assert parsed(nested(MOST_LEVELS - 1)) == json.loads(nested(MOST_LEVELS - 1))
    with pytest.raises(ValueError, match="more than 100 lists or objects stand inside each other"):
        parsed(nested(MOST_LEVELS))


def test_plain_values_are_what_they_are() -> None:
    assert [parsed(text) for text in ("3", '"a"', "null", b'{"a": [1, {"b": 2.5}]}')] == [
        3,
        "a",
        None,
        {"a": [1, {"b": 2.5}]},
    ]
