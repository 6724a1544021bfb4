"""What servers count, in whole and in part."""

from typing import Any

import pytest

from seal.endpoint.usage import counted


@pytest.mark.parametrize(
    ("usage", "sent", "written"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}, 10, 3),
        ({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 0}, 10, 3),
        ({"prompt_tokens": 10.0, "completion_tokens": 3}, 10, 3),
        ({"input_tokens": 10, "output_tokens": 3}, 10, 3),
        ({"prompt_tokens": 10, "total_tokens": 13}, 10, 3),
        ({"completion_tokens": 3, "total_tokens": 13}, 10, 3),
        ({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 50}, 10, 40),
    ],
)
def test_any_two_of_prompt_completion_and_total_give_the_third(usage: Any, sent: int, written: int) -> None:
    found = counted(usage)
    assert (found.prompt_tokens, found.completion_tokens, found.missing) == (sent, written, ())


@pytest.mark.parametrize(
    ("usage", "missing"),
    [
        (None, ("prompt_tokens", "completion_tokens")),
        ({}, ("prompt_tokens", "completion_tokens")),
        ([], ("prompt_tokens", "completion_tokens")),
        ("many", ("prompt_tokens", "completion_tokens")),
        ({"prompt_tokens": 10}, ("completion_tokens",)),
        ({"completion_tokens": 3, "prompt_tokens": None}, ("prompt_tokens",)),
        ({"completion_tokens": 3, "prompt_tokens": -1}, ("prompt_tokens",)),
        ({"completion_tokens": True, "prompt_tokens": 1}, ("completion_tokens",)),
        ({"completion_tokens": "3", "prompt_tokens": 1.5}, ("prompt_tokens", "completion_tokens")),
    ],
)
def test_what_is_not_counted_is_0_and_missing(usage: Any, missing: tuple[str, ...]) -> None:
    found = counted(usage)
    assert found.missing == missing
    assert all(getattr(found, name) == 0 for name in missing)


def test_thoughts_are_part_of_what_was_written() -> None:
    found = counted({"prompt_tokens": 1, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 8}})
    assert (found.completion_tokens, found.thought_tokens) == (9, 8)
    assert counted({"completion_tokens_details": None}).thought_tokens == 0
