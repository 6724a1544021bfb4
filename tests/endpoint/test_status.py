"""What to suspect where a server refuses."""

import pytest

from seal.endpoint.status import advice_on, advice_on_parameters, key_refused, names_model
from tests.servers import endpoint


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("HTTP 404: The model `x` does not exist.", True),
        ("HTTP 404: some-model is not here", True),
        ("HTTP 404: The API deployment for this resource does not exist.", True),
        ("HTTP 404: Not Found", False),
        ("HTTP 404: 404 page not found", False),
        ("HTTP 404: Invalid URL (POST /chat/completions)", False),
        ("HTTP 404: Resource not found", False),
    ],
)
def test_an_error_about_the_model_is_told_from_one_about_the_address(said: str, named: bool) -> None:
    assert names_model(said, "some-model") is named


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("https://host", "/v1"),
        ("https://host/api", "/v1"),
        ("https://host/v1", "documentation"),
        ("https://host/v1beta/openai", "documentation"),
        ("https://name.openai.azure.com/openai/deployments/gpt", "api-version"),
    ],
)
def test_the_advice_on_an_address_is_about_what_it_lacks(url: str, advice: str) -> None:
    assert advice in advice_on(endpoint(url))


def test_a_key_that_is_not_set_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SEAL_TEST_KEY, which is not set" in key_refused(endpoint("https://host/v1"), "HTTP 401: no")
    monkeypatch.setenv("SEAL_TEST_KEY", "secret-key")
    assert "which is not set" not in key_refused(endpoint("https://host/v1"), "HTTP 401: no")


def test_a_parameter_that_an_error_names_can_be_left_out_but_not_the_limit() -> None:
    sent = ("max_tokens", "temperature")
    assert "parameters.temperature=null" in advice_on_parameters("`temperature` must be positive", sent)
    assert advice_on_parameters("'max_tokens' is too large", sent) == ""
    assert advice_on_parameters("the prompt is too long", sent) == ""
