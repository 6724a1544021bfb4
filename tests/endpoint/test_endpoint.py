"""Endpoints, over real sockets: what comes back, what does not, and what is never told."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from seal.endpoint import Question, Reply, api_key
from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.errors import RunError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.types import Sampling, Unavailable, Usage
from tests.models import CHAT_TEMPLATE, random_folder
from tests.servers import (
    Behaviour,
    Response,
    asked,
    endpoint,
    fails,
    free_port,
    replies,
    says,
    scripted,
    transformers_serve,
)

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=8)


def questions(count: int) -> list[Question]:
    return [Question(prompt=f"Number {number}?") for number in range(count)]


def reason_of(url: str, **settings: object) -> str:
    [reply] = endpoint(url, **settings).ask(questions(1), GREEDY)
    assert isinstance(reply, Unavailable)
    return reply.reason


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_replies_stand_in_the_order_of_the_questions_with_their_price(api: str) -> None:
    with scripted(
        lambda _, request: says(f"re: {asked(request)}", prompt_tokens=1000, completion_tokens=100)
    ) as server:
        found = endpoint(server.url, api=api).ask(questions(20), GREEDY)
    assert [reply.text for reply in found if isinstance(reply, Reply)] == [f"re: Number {n}?" for n in range(20)]
    expected = Usage(prompt_tokens=1000, completion_tokens=100, usd=pytest.approx(0.0028))
    assert all(isinstance(reply, Reply) and reply.usage == expected for reply in found)


def test_no_more_requests_are_under_way_than_allowed() -> None:
    under_way, most = 0, 0

    def count(_: int, request: object) -> Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        time.sleep(0.02)
        under_way -= 1
        return says("yes")

    with scripted(count) as server:
        endpoint(server.url, concurrency=3).ask(questions(12), GREEDY)
    assert 1 < most <= 3


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says() -> None:
    began_s = time.monotonic()
    with scripted(lambda n, _: fails(429, Retry_After="1") if n == 1 else says("yes")) as server:
        [reply] = endpoint(server.url, max_retries=2).ask(questions(1), GREEDY)
    assert isinstance(reply, Reply)
    assert time.monotonic() - began_s >= 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("response", [fails(500), fails(503), Response(hangs_up=True)])
def test_a_server_in_trouble_is_asked_again(response: Response) -> None:
    with scripted(lambda n, _: response if n == 1 else says("yes")) as server:
        [reply] = endpoint(server.url, max_retries=1).ask(questions(1), GREEDY)
    assert isinstance(reply, Reply)


def test_a_dead_server_gives_no_reply_and_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert reason_of(url).startswith(f"{url}: APIConnectionError")


def test_a_slow_server_gives_no_reply() -> None:
    with scripted(lambda _, __: Response(delay_s=1.0, body=says("yes").body)) as server:
        assert "APITimeoutError" in reason_of(server.url, timeout_s=0.1)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"[]", b'{"choices": []}', b'{"choices": [{"message": null}]}']
)
def test_a_reply_that_makes_no_sense_is_no_reply(body: bytes) -> None:
    with scripted(lambda _, __: Response(body=body)) as server:
        assert server.url in reason_of(server.url)


def test_a_reply_without_a_text_is_no_reply_and_is_paid_for() -> None:
    spent: list[Usage] = []
    withheld = replies(None, refusal="I cannot.", usage={"prompt_tokens": 10, "completion_tokens": 5})
    with scripted(lambda *_: withheld) as server:
        [reply] = endpoint(server.url).ask(questions(1), GREEDY, spend=spent.append)
    assert isinstance(reply, Unavailable)
    assert "the model refuses: 'I cannot.'" in reply.reason
    assert [(usage.prompt_tokens, usage.completion_tokens) for usage in spent] == [(10, 5)]


def test_an_error_whose_status_says_success_is_quoted_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_TEST_KEY", "sk-secret")
    wrong = Response(body=b'{"error": {"message": "sk-secret has no credit"}}')
    with scripted(lambda *_: wrong) as server:
        assert "the server says: *** has no credit" in reason_of(server.url)


@pytest.mark.parametrize("usage", [{}, None, {"prompt_tokens": 10}])
def test_what_a_server_does_not_count_is_booked_as_0_and_said_once(
    usage: object, caplog: pytest.LogCaptureFixture
) -> None:
    spent: list[Usage] = []
    with scripted(lambda *_: replies("yes", usage=usage)) as server:
        found = endpoint(server.url).ask(questions(3), GREEDY, spend=spent.append)
    assert all(isinstance(reply, Reply) for reply in found)
    assert len(spent) == 3
    assert {usage.completion_tokens for usage in spent} == {0}
    [note] = caplog.messages
    assert "completion_tokens" in note
    assert server.url in note


def test_after_so_many_silences_in_a_row_the_others_are_not_asked() -> None:
    with scripted(lambda _, __: fails(500)) as server:
        found = endpoint(server.url, give_up_after=3, concurrency=2).ask(questions(100), GREEDY)
    assert all(isinstance(reply, Unavailable) for reply in found)
    assert 3 <= len(server.requests) <= 5


@pytest.mark.parametrize(
    ("status", "suspect"),
    [(401, "the key in SEAL_TEST_KEY"), (403, "the key in SEAL_TEST_KEY"), (404, "is the wrong address")],
)
def test_a_refusal_that_no_retry_mends_stops_everything_without_telling_the_key(
    status: int, suspect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAL_TEST_KEY", "sk-secret")
    with (
        scripted(lambda _, __: fails(status, "the key sk-secret is not known")) as server,
        pytest.raises(RunError, match=suspect) as raised,
    ):
        endpoint(server.url).ask(questions(3), GREEDY)
    assert "sk-secret" not in str(raised.value)
    assert server.keys == {"Bearer sk-secret"}


def test_a_model_that_is_not_there_is_told_from_a_wrong_address() -> None:
    with (
        scripted(lambda *_: fails(404, "The model `some-model` does not exist.")) as server,
        pytest.raises(RunError, match="refuses the model 'some-model'"),
    ):
        endpoint(server.url).ask(questions(1), GREEDY)


def test_an_address_without_v1_is_suspected_and_the_right_one_is_named() -> None:
    with scripted(lambda *_: says("yes")) as server:
        base = server.url.removesuffix("/v1")
        with pytest.raises(
            RunError, match=f"wrong address.*It answers at {server.url}: set endpoint.base_url"
        ) as raised:
            endpoint(base).ask(questions(1), GREEDY)
    assert "key" not in str(raised.value)


def test_a_web_page_at_an_address_is_quoted_and_the_address_suspected() -> None:
    page = Response(body=b"<html><title>Welcome</title></html>", headers={"Content-Type": "text/html"})
    with scripted(lambda *_: page, lives_at="") as server:
        reason = reason_of(server.url)
    assert "Welcome" in reason
    assert "base_url" in reason


def test_a_question_may_name_another_model_whose_absence_stops_nothing() -> None:
    def only_one(_: int, request: Mapping[str, Any]) -> Response:
        return says("here") if request["model"] == "some-model" else fails(404, f"{request['model']} is not here")

    with scripted(only_one) as server:
        gone, here = endpoint(server.url).ask([Question(prompt="a", model="other"), Question(prompt="a")], GREEDY)
    assert isinstance(here, Reply)
    assert isinstance(gone, Unavailable)
    assert "other is not here" in gone.reason


def test_a_question_takes_token_ids_its_own_stop_strings_and_what_only_its_server_knows() -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=8, stops=("end",))
    own = Question(prompt=(5, 6), stops=(), extra={"stop_token_ids": [1]})
    with scripted(lambda *_: says("x")) as server:
        endpoint(server.url, api="completions", concurrency=1).ask([own, Question(prompt="a")], sampling)
    assert (server.requests[0]["prompt"], server.requests[0]["stop_token_ids"]) == ([5, 6], [1])
    assert "stop" not in server.requests[0]
    assert server.requests[1]["stop"] == ["end"]
    assert "stop_token_ids" not in server.requests[1]


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_a_reply_may_be_held_to_a_schema_in_the_words_of_either_protocol(api: str) -> None:
    schema = {"type": "object"}
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=1, json_schema=json.dumps(schema))
    with scripted(lambda *_: says("{}")) as server:
        endpoint(server.url, api=api).ask([Question(prompt="?", extra={"top_k": 1})], sampling)
    [request] = server.requests
    assert request["top_k"] == 1
    if api == "chat":
        assert request["response_format"]["json_schema"]["schema"] == schema
        assert request["response_format"]["type"] == "json_schema"
    else:
        assert request["structured_outputs"] == {"json": schema}


def picky(*refused: str, status: int = 400) -> Behaviour:
    """A server that names what it does not take, one parameter at a time."""

    def behave(_: int, request: Mapping[str, Any]) -> Response:
        wrong = [name for name in refused if name in request]
        return fails(status, f"Unsupported parameter: '{wrong[0]}' is not supported.") if wrong else says("yes")

    return behave


@pytest.mark.parametrize("status", [400, 422, 500])
def test_parameters_that_a_server_refuses_are_left_out_by_themselves_and_said_once(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    asked_of = [Question(prompt=str(number), seed=number) for number in range(3)]
    with scripted(picky("max_tokens", "temperature", "seed", status=status)) as server:
        for _ in range(2):
            found = endpoint(server.url, concurrency=1).ask(asked_of, GREEDY)
            assert all(isinstance(reply, Reply) for reply in found)
    assert len(server.requests) == 3 + 6, "three refusals, once"
    assert server.requests[-1]["max_completion_tokens"] == 8
    assert server.requests[-1].keys() == {"model", "messages", "max_completion_tokens", "top_p"}
    assert [server.url in message for message in caplog.messages] == [True] * 3
    assert "endpoint.parameters.temperature=null" in caplog.text
    assert "endpoint.parameters.max_tokens=max_completion_tokens" in caplog.text


def test_many_questions_under_way_learn_together(caplog: pytest.LogCaptureFixture) -> None:
    with scripted(picky("temperature", "max_tokens", "max_completion_tokens")) as server:
        found = endpoint(server.url, concurrency=8, give_up_after=1).ask(questions(8), GREEDY)
    assert all(isinstance(reply, Reply) for reply in found)
    assert len(caplog.messages) == 3


def test_a_parameter_in_an_error_whose_status_says_success_is_left_out_too() -> None:
    def behave(_: int, request: Mapping[str, Any]) -> Response:
        wrong = b'{"error": {"message": "Unknown name \\"top_p\\": Cannot find field."}}'
        return Response(body=wrong) if "top_p" in request else says("yes")

    with scripted(behave) as server:
        assert isinstance(endpoint(server.url).ask(questions(1), GREEDY)[0], Reply)


def test_settings_rename_parameters_leave_them_out_and_add_others() -> None:
    told = {"max_tokens": "max_completion_tokens", "temperature": None, "seed": "random_seed"}
    with scripted(lambda *_: says("yes")) as server:
        chosen = endpoint(server.url, parameters=told, extra={"reasoning_effort": "low", "top_p": 0.5})
        chosen.ask([Question(prompt="?", seed=7)], GREEDY)
    [request] = server.requests
    own = {name: value for name, value in request.items() if name not in ("model", "messages")}
    assert own == {"max_completion_tokens": 8, "random_seed": 7, "reasoning_effort": "low", "top_p": 0.5}


def test_an_error_about_a_value_is_quoted_with_the_setting_that_leaves_it_out() -> None:
    with scripted(lambda *_: fails(422, "`temperature` must be strictly positive")) as server:
        reason = reason_of(server.url)
    assert "HTTP 422: `temperature` must be strictly positive" in reason
    assert "endpoint.parameters.temperature=null" in reason


def test_azure_is_asked_by_its_version_and_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_TEST_KEY", "secret-key")
    azure = {"query": {"api-version": "2024-10-21"}, "key_header": "api-key", "headers": {"x-team": "seal"}}
    with scripted(lambda *_: says("yes"), lives_at="/openai/deployments/gpt") as server:
        assert isinstance(endpoint(server.url, **azure).ask(questions(1), GREEDY)[0], Reply)
    assert server.paths == ["/openai/deployments/gpt/chat/completions?api-version=2024-10-21"]
    [headers] = server.headers
    assert (headers["api-key"], headers["x-team"]) == ("secret-key", "seal")
    assert "authorization" not in headers


def test_no_more_stop_strings_are_sent_than_servers_take_and_all_of_them_cut() -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=8, stops=("a", "b", "c", "d", "e"))
    with scripted(lambda *_: says("\nIt is: e, then more")) as server:
        [reply] = endpoint(server.url).ask(questions(1), sampling)
    assert server.requests[0]["stop"] == ["a", "b", "c", "d"]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finished) == ("\nIt is: ", True)


def test_a_server_that_only_streams_is_named_as_such() -> None:
    stream = Response(body=b"data: {}\n\ndata: [DONE]\n\n", headers={"Content-Type": "text/event-stream"})
    with scripted(lambda *_: stream) as server:
        assert "only streams" in reason_of(server.url)
    with scripted(lambda *_: fails(400, "This model only supports stream mode.")) as server:
        assert "only streams" in reason_of(server.url)


def test_a_model_that_thinks_is_there_unless_its_reply_is_needed() -> None:
    thinking = replies(None, finish_reason="length", reasoning_content="Let me see")
    with scripted(lambda *_: thinking) as server:
        endpoint(server.url).ready()
        with pytest.raises(RunError, match="max_reply_tokens is 8"):
            endpoint(server.url).ready(reply_tokens=8)
    with scripted(lambda *_: fails(400, "Could not finish: max_tokens or model output limit was reached.")) as server:
        endpoint(server.url).ready()
    with scripted(lambda *_: replies(None, refusal="No.")) as server, pytest.raises(RunError, match="refuses"):
        endpoint(server.url).ready()


def test_a_server_on_this_machine_is_asked_past_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with scripted(lambda *_: says("x")) as server:
        assert isinstance(endpoint(server.url).ask(questions(1), GREEDY)[0], Reply)


def test_half_a_character_in_a_reply_becomes_one_that_can_be_written_down() -> None:
    with scripted(lambda *_: says("a\ud800b")) as server:
        [reply] = endpoint(server.url).ask(questions(1), GREEDY)
    assert isinstance(reply, Reply)
    assert reply.text == "a?b"


def test_a_key_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert api_key("SEAL_TEST_KEY") is None
    (tmp_path / ".env").write_text("SEAL_TEST_KEY=sk-file\n")
    assert api_key("SEAL_TEST_KEY") == "sk-file"
    monkeypatch.setenv("SEAL_TEST_KEY", "sk-environment")
    assert api_key("SEAL_TEST_KEY") == "sk-environment"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = random_folder(tmp_path_factory.mktemp("served") / "m", "llama", chat_template=CHAT_TEMPLATE)
    with transformers_serve(folder) as url:
        yield url, folder


@pytest.mark.slow
@pytest.mark.parametrize("api", ["chat", "completions"])
def test_a_real_server_says_what_the_same_model_says_here(served: tuple[str, Path], api: str) -> None:
    url, folder = served
    found = endpoint(url, model=str(folder), api=api, timeout_s=60).ask(questions(3), GREEDY)
    backbone = load(HuggingFace(path=str(folder), dtype="float32", device="cpu", chat=api == "chat"))
    here = BatchedGenerator(backbone).generate([Request(prompt=one.prompt, seed=0) for one in questions(3)], GREEDY)
    assert [reply.text for reply in found if isinstance(reply, Reply)] == [completion.text for completion in here]


@pytest.mark.slow
def test_a_model_that_a_real_server_does_not_have_gives_no_reply(served: tuple[str, Path]) -> None:
    url, _ = served
    assert url in reason_of(url, model="nobody/nothing", timeout_s=60)
