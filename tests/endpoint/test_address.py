"""Addresses are checked before anybody is asked: they are recorded, so they hold no key."""

from typing import Any

import pytest
from pydantic import ValidationError

from seal.endpoint.address import PARAMETERS, Address
from tests.servers import endpoint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"base_url": "api.openai.com/v1"}, "https://HOST/v1"),
        ({"base_url": "https://host/v1?api-version=1"}, "query"),
        ({"base_url": "https://user:secret@host/v1"}, "key_variable"),
        ({"base_url": "https://host/v1/chat/completions"}, "leave it out"),
        ({"base_url": "https://host/v1/completions/"}, "leave it out"),
        ({"query": {"key": "AIzaSyA1234567890123456"}}, "no key"),
        ({"headers": {"Authorization": "Bearer x"}}, "key_header"),
        ({"headers": {"X-Custom": "sk-abcdefghijklmnopqrstuv"}}, "no key"),
        ({"key_header": "sk-abc_def"}, "name of a header"),
        ({"parameters": {"top_k": "top_k"}}, "extra"),
    ],
)
def test_an_address_that_is_wrong_or_holds_a_key_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Address(**wrong)


def test_parameters_that_are_not_named_keep_their_names() -> None:
    assert Address(parameters={"seed": None}).parameters == {**PARAMETERS, "seed": None}


def test_replies_are_told_apart_by_all_that_they_depend_on() -> None:
    usual = endpoint("http://127.0.0.1:1")
    assert usual.identity == ("http://127.0.0.1:1", "some-model", "chat"), "so that earlier replies are found again"
    unusual = (
        {"parameters": {"temperature": None}},
        {"extra": {"reasoning_effort": "low"}},
        {"query": {"api-version": "1"}},
        {"headers": {"x-provider": "a"}},
    )
    identities = {endpoint("http://127.0.0.1:1", **each).identity for each in unusual}
    assert len(identities | {usual.identity}) == 1 + len(unusual)
