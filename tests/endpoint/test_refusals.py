"""Which parameter a server refuses, in the words of many servers. Their messages are shortened."""

import json

import pytest

from seal.endpoint.refusals import not_taken

SENT = {"max_tokens": 8, "temperature": 0.0, "top_p": 1.0, "seed": 1, "stop": ["\n"], "response_format": {}}
EXTRA = {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 42}
OLD_EXTRA = {"loc": ["body", "seed"], "msg": "extra fields not permitted", "type": "value_error.extra"}


def error(message: str, **fields: object) -> str:
    return json.dumps({"error": {"message": message, **fields}})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("max_tokens", error("Unsupported parameter. Use 'max_completion_tokens' instead.", param="max_tokens")),
        ("max_tokens", error("'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")),
        ("temperature", error("'temperature' does not support 0 with this model. Only the default (1) is supported.")),
        ("temperature", error("`temperature` is deprecated for this model.")),
        ("temperature", error("gpt-5 models don't support temperature=0. Only temperature=1 is supported.")),
        ("response_format", error("'response_format' of type 'json_schema' is not supported with this model.")),
        ("response_format", error("This response_format type is unavailable now")),
        ("seed", error("Unrecognized request argument supplied: seed", param=None)),
        ("seed", error("openai does not support parameters: ['seed'], for model=o1. Set `drop_params=True`")),
        ("seed", error("property 'seed' is unsupported")),
        (
            "seed",
            json.dumps({"message": "body.seed: property 'body.seed' is unsupported", "param": "validation_error"}),
        ),
        ("seed", json.dumps({"detail": [EXTRA]})),
        ("seed", json.dumps({"detail": [OLD_EXTRA]})),
        ("seed", json.dumps({"object": "error", "message": {"detail": [EXTRA]}})),
        ("seed", json.dumps({"object": "error", "message": f"[{EXTRA}]"})),
        ("seed", json.dumps({"error": {"message": json.dumps({"detail": [OLD_EXTRA]})}})),
        ("seed", json.dumps({"error": {"code": "Invalid input", "details": [EXTRA]}})),
        ("seed", json.dumps([{"error": {"message": 'Unknown name "seed": Cannot find field.'}}])),
        ("seed", error("Provider returned error", metadata={"raw": error("'seed' is not supported", param="seed")})),
        ("seed", json.dumps({"message": "extraneous key [seed] is not permitted, please reformat your input"})),
        ("seed", json.dumps({"error": "unknown field `seed`, expected one of `model`, `temperature`, `max_tokens`"})),
        ("seed", error("Unknown parameter 'seed'. Supported parameters: 'temperature', 'top_p', 'max_tokens'")),
        ("seed", json.dumps({"detail": "Unsupported fields in the request: {'seed'}"})),
        ("seed", "unsupported parameter: seed"),
        ("stop", json.dumps({"error": "Argument not supported on this model: stop"})),
        ("top_p", error("top_p must be 1 when using greedy sampling.")),
        ("top_p", error("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")),
        ("top_p", error("`top_p` must be > 0.0 and < 1.0")),
    ],
)
def test_the_parameter_that_is_not_taken_is_found(name: str, body: str) -> None:
    assert not_taken(body, SENT) == [name]


def test_several_may_be_named_at_once() -> None:
    assert not_taken(error("Unsupported parameters: temperature, seed"), SENT) == ["temperature", "seed"]
    body = json.dumps({"detail": [EXTRA, EXTRA | {"loc": ["body", "stop"]}]})
    assert not_taken(body, SENT) == ["seed", "stop"]


def test_of_two_that_exclude_each_other_the_one_goes_that_says_nothing() -> None:
    body = error("`temperature` and `top_p` cannot both be specified")
    assert not_taken(body, {"temperature": 1.0, "top_p": 0.9}) == ["temperature"]
    assert not_taken(body, {"temperature": 0.7, "top_p": 0.9}) == ["top_p"]


@pytest.mark.parametrize(
    "body",
    [
        error(
            "max_tokens is too large: 200000. This model supports at most 16384 completion tokens.", param="max_tokens"
        ),
        error("maximum context length is 8192 tokens, of which 8 are max_tokens; not allowed"),
        error("Invalid 'temperature': decimal above maximum value. Expected a value <= 2.", param="temperature"),
        error("`temperature` must be strictly positive"),
        error("The response was filtered by the content management policy.", param="prompt", code="content_filter"),
        error("'messages[0].role' does not support 'system' with this model.", param="messages[0].role"),
        error("The model `x` does not exist or you do not have access to it."),
        error("This model is not supported. Stop sending requests."),
        error("Your seed phrase is not allowed"),
        error("Unknown parameter: 'top_k'"),
        json.dumps({"detail": [{"loc": ["body", "model"], "msg": "Field required", "input": "unsupported 'seed'"}]}),
        json.dumps({"detail": [{"loc": ["body", "temperature"], "msg": "Input should be less than or equal to 1"}]}),
        "",
        "<html>Bad Request</html>",
        "[" * 100_000,
    ],
)
def test_any_other_complaint_leaves_nothing_out(body: str) -> None:
    assert not_taken(body, SENT) == []
