"""Replies in the dialects of OpenAI's protocol: a text, or why there is none. Never an empty text in its place."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.endpoint.reading import STREAMS, Fault, Text, Withheld, read, wants_streaming
from seal.endpoint.refusals import not_taken

CALL = {"id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}


def body(choice: Any, **rest: Any) -> str:
    return json.dumps({"id": "x", "choices": [choice], **rest})


def chat(content: Any, finish_reason: str | None = "stop", **message: Any) -> str:
    return body({"finish_reason": finish_reason, "message": {"role": "assistant", "content": content, **message}})


@pytest.mark.parametrize(
    ("reply", "text", "finished"),
    [
        (chat("Yes."), "Yes.", True),
        (chat("Yes.", None), "Yes.", True),
        (chat("Yes", "length"), "Yes", False),
        (chat("Yes", "MAX_TOKENS"), "Yes", False),
        (chat("Yes", "model_length"), "Yes", False),
        (chat("Yes.", reasoning_content="Let me see."), "Yes.", True),
        (chat("Yes.", refusal=None, tool_calls=[]), "Yes.", True),
        (chat([{"type": "text", "text": "Ye"}, {"type": "text", "text": "s."}]), "Yes.", True),
        (
            chat(
                [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, {"type": "text", "text": "Yes."}]
            ),
            "Yes.",
            True,
        ),
        (chat(["Ye", "s."]), "Yes.", True),
        ("\N{ZERO WIDTH NO-BREAK SPACE}" + chat("Yes."), "Yes.", True),
        (chat({"type": "output_text", "text": "Yes."}), "Yes.", True),
        (body({"finish_reason": "stop", "text": "Yes."}), "Yes.", True),
        (body({"finish_reason": "stop", "text": ""}), "", True),
        (body({"finish_reason": "length", "text": " "}), " ", False),
        (chat(""), "", True),
    ],
)
def test_a_text_is_found_wherever_it_stands(reply: str, text: str, finished: bool) -> None:
    found = read(reply)
    assert isinstance(found, Text)
    assert (found.text, found.finished) == (text, finished)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (chat(None), "no content"),
        (chat(None, "length"), "token limit"),
        (chat("", "length"), "token limit"),
        (chat(None, refusal="I cannot help."), "refuses: 'I cannot help.'"),
        (chat([{"type": "refusal", "refusal": "No."}]), "refus"),
        (chat("I can", "content_filter"), "filter"),
        (chat(None, "content_filter: PROHIBITED_CONTENT"), "filter"),
        (chat("", "SAFETY"), "filter"),
        (chat(None, "refusal"), "filter"),
        (chat(None, "tool_calls", tool_calls=[CALL]), "tool (search)"),
        (chat("", "stop", tool_calls=[CALL]), "tool (search)"),
        (chat(None, "function_call", function_call={"name": "search"}), "tool (search)"),
        (chat("", reasoning_content="Let me see."), "thought"),
        (chat("\n\n", "length", reasoning="Let me see."), "thought"),
        (chat(None, "length", reasoning_details=[{"text": "Let me see."}]), "thought"),
        (chat([{"type": "thinking", "thinking": []}]), "thought"),
        (chat([{"type": "image_url", "image_url": {}}]), "image_url"),
        (chat([]), "no content"),
        (chat("Ye", "error"), "broke off"),
        (chat("Ye", "abort"), "broke off"),
        (chat("Ye", "insufficient_system_resource"), "broke off"),
        (body({"message": {"content": ""}, "error": {"code": 502, "message": "upstream"}}), "upstream"),
        (body({"finish_reason": "content_filter", "text": "I"}), "filter"),
    ],
)
def test_what_is_no_text_is_withheld_with_the_reason(reply: str, reason: str) -> None:
    found = read(reply)
    assert isinstance(found, Withheld)
    assert reason in found.reason


def test_an_empty_reply_is_believed_only_where_little_is_counted() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 40}
    choice = {"finish_reason": "stop", "message": {"content": ""}}
    assert isinstance(read(body(choice, usage=usage)), Withheld)
    assert isinstance(read(body(choice, usage=usage), has_stops=True), Text)
    assert isinstance(read(body(choice, usage=usage | {"completion_tokens": 1})), Text)
    hidden = usage | {"completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 40}}
    found = read(body(choice, usage=hidden))
    assert isinstance(found, Withheld)
    assert "thought" in found.reason


def test_what_was_withheld_was_counted_all_the_same() -> None:
    reply = body({"finish_reason": "length", "message": {"content": None}}, usage={"completion_tokens": 40})
    found = read(reply)
    assert isinstance(found, Withheld)
    assert (found.counted.completion_tokens, found.is_cut) == (40, True)


@pytest.mark.parametrize(
    "reply",
    [
        {"error": {"message": "the model is loading", "code": 503}},
        {"error": "the model is loading"},
        {"error": ["the model is loading"]},
        {"errors": [{"message": "the model is loading"}]},
        {"detail": "the model is loading"},
        {"detail": [{"loc": ["body"], "msg": "the model is loading"}]},
        {"object": "error", "message": "the model is loading"},
        {"code": 1301, "msg": "the model is loading", "choices": None},
        {"choices": [], "error": {"message": "the model is loading"}},
        {"error": True, "message": "the model is loading"},
        {"error": {"code": "the model is loading"}},
        [{"error": {"message": "the model is loading"}}],
        {"error": {"message": "Provider returned error", "metadata": {"raw": "the model is loading"}}},
    ],
)
def test_an_error_whose_status_says_success_is_quoted(reply: Any) -> None:
    found = read(json.dumps(reply))
    assert isinstance(found, Fault)
    assert "the model is loading" in found.reason


@pytest.mark.parametrize(
    "reply", ["{}", "[]", "null", "1", '{"choices": []}', '{"choices": {}}', '{"choices": [{"message": null}]}']
)
def test_a_reply_that_makes_no_sense_is_shown(reply: str) -> None:
    found = read(reply)
    assert isinstance(found, Fault)
    assert reply in found.reason


@pytest.mark.parametrize("reply", ["", "<html><title>Welcome</title></html>", "[" * 100_000])
def test_a_page_is_no_reply(reply: str) -> None:
    found = read(reply)
    assert isinstance(found, Fault)
    assert found.is_page


@pytest.mark.parametrize(
    ("reply", "content_type"),
    [
        ('data: {"choices": [{"delta": {"content": "Yes"}}]}\n\ndata: [DONE]\n', "text/event-stream"),
        ('data: {"choices": [{"delta": {"content": "Yes"}}]}\n\n', "text/plain"),
        ('{"choices": [{"delta": {"content": "Yes"}}], "object": "chat.completion.chunk"}', "application/json"),
        ('{"message": {"content": "Yes"}, "done": false}\n{"done": true}\n', "application/x-ndjson"),
    ],
)
def test_a_server_that_only_streams_is_named_as_such(reply: str, content_type: str) -> None:
    found = read(reply, content_type=content_type)
    assert isinstance(found, Fault)
    assert found.reason.startswith(STREAMS)


def test_an_error_in_a_stream_is_quoted() -> None:
    found = read('data: {"error": {"message": "no such model"}}\n\n', content_type="text/event-stream")
    assert isinstance(found, Fault)
    assert "no such model" in found.reason


@pytest.mark.parametrize(
    ("said", "wants"),
    [
        ("This model only support stream mode, please enable the stream parameter to access the model.", True),
        ("stream must be set to true", True),
        ("Stream must be true", True),
        ("Non-streaming requests are not supported", True),
        ("The model is overloaded", False),
        ("upstream request failed", False),
    ],
)
def test_an_error_that_asks_for_streaming_is_known(said: str, wants: bool) -> None:
    assert wants_streaming(said) is wants


def test_token_ids_are_kept_where_a_server_tells_them() -> None:
    found = read(body({"finish_reason": "stop", "text": "x", "token_ids": [5, 6]}))
    assert isinstance(found, Text)
    assert found.token_ids == (5, 6)
    silent = read(body({"finish_reason": "stop", "text": "x", "token_ids": None}))
    assert isinstance(silent, Text)
    assert silent.token_ids is None


NAMES = ("choices", "message", "content", "text", "type", "finish_reason", "error", "usage", "prompt_tokens", "detail")
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "text", "stop", "Yes."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "loc", "param"]), inner),
    max_leaves=12,
)


@settings(max_examples=50)
@given(ANYTHING)
def test_whatever_json_a_server_sends_is_a_text_or_a_reason(reply: Any) -> None:
    for each in (reply, {"choices": [reply]}, {"choices": [{"message": reply}], "usage": reply}):
        assert isinstance(read(json.dumps(each)), Text | Withheld | Fault)
        assert not_taken(json.dumps(each), {"seed": 1}) == []
