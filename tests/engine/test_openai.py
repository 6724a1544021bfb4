"""A served model as the writer of self-edits, or as the one who is asked: on a real server."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from seal.engine import Request
from seal.engine.openai import OpenAI
from seal.folder.store import read_records
from seal.model.tiny import Tiny
from seal.nn.backbone import Backbones
from seal.types import Answered, Completion, Failure, Policy, Sampling, SelfEdit, Unavailable, Usage
from tests.conftest import SMALL, settings_without
from tests.servers import Response, asked, endpoint, fails, free_port, replies, says, scripted, transformers_serve

Seal = Callable[..., int]
OF_TRAINING = ("recipe.rounds", "recipe.contexts_per_round", "recipe.held_out_edits", "recipe.repeats", "experiment")
OF_INNER = ("inner.epochs", "inner.parallel", "inner.targets")
QUICK = (*settings_without(SMALL, *OF_TRAINING), "recipe=evaluate", "inner.targets=[all-linear]", "name=run")
RUN = Path("outputs/run")


def of(part: str, url: str, model: str = "some-model", *, api: str = "completions") -> list[str]:
    settings = (f"base_url={url}", f"model={model}", f"api={api}", "max_retries=0", "give_up_after=2", "concurrency=2")
    return [f"{part}.endpoint.{setting}" for setting in settings]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with transformers_serve(Path(Tiny().path)) as url:
        yield url


@pytest.mark.slow
def test_a_served_model_writes_what_it_would_write_here(seal: Seal, served: str) -> None:
    greedy = (*QUICK, "self_edit.temperature=0")
    assert seal("run", *greedy, "engine@writer=openai", *of("writer", served, Tiny().path)) == 0
    assert seal("run", *greedy, "name=here") == 0
    there, here = (read_records(Path("outputs") / name / "self_edits.jsonl", SelfEdit) for name in ("run", "here"))
    assert {key: edit.text for key, edit in there.items()} == {key: edit.text for key, edit in here.items()}
    spent = [json.loads(line) for line in (RUN / "spending.jsonl").read_text().splitlines()]
    assert len(spent) == len(there)
    assert all(booking["purpose"] == "self-edits" and booking["prompt_tokens"] > 10 for booking in spent)


@pytest.mark.slow
def test_a_served_model_answers_where_nothing_is_adapted(seal: Seal, served: str) -> None:
    unadapted = (*settings_without(QUICK, *OF_INNER, "engine.prompts_per_batch"), "inner=none")
    assert seal("run", *unadapted, "engine=openai", *of("engine", served, Tiny().path)) == 0
    assert seal("run", *unadapted, "name=here") == 0
    tables = [json.loads((Path("outputs") / name / "results.json").read_text())["table"] for name in ("run", "here")]
    assert tables[0][0] == tables[1][0]


def generated(url: str, sampling: Sampling) -> tuple[Sequence[Completion | Unavailable], list[Usage]]:
    """What a served model continues two prompts with, and what that took."""
    backbones = Backbones(Tiny(), Path())  # none is loaded: somebody else writes
    spent: list[Usage] = []
    generator = OpenAI(endpoint=endpoint(url)).generator(Policy(round=0), backbones, spent.append)
    return generator.generate([Request(prompt=prompt, seed=0) for prompt in ("a", "b")], sampling), spent


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (replies(None, refusal="I cannot."), "refuses"),
        (replies("", reasoning_content="Let me see"), "thought"),
        (replies(None), "no content"),
        (replies(None, tool_calls=[{"function": {"name": "look_up"}}]), "look_up"),
    ],
)
def test_what_is_no_text_never_becomes_an_empty_answer(reply: Response, reason: str) -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=4)
    with scripted(lambda _, request: reply if asked(request) == "a" else says("Leo")) as server:
        (withheld, given), spent = generated(server.url, sampling)
    assert isinstance(withheld, Unavailable)
    assert reason in withheld.reason
    assert given == Completion(text="Leo", finished=True)
    assert len(spent) == 2


@pytest.mark.parametrize("thought", ["", "<think>\nRome?\n</think>"])
def test_a_text_that_a_server_stops_at_its_first_line_break_is_asked_for_without_stop_strings(thought: str) -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=4, stops=("\n",))

    def behave(_: int, request: Mapping[str, Any]) -> Response:
        whole = f"{thought}\n\nLeo\nand more" if asked(request) == "a" else "Pi"
        return says(whole.split("\n", maxsplit=1)[0] if "stop" in request else whole)

    with scripted(behave) as server:
        completions, spent = generated(server.url, sampling)
    text = "Leo" if thought else "\n\nLeo"
    assert completions == [Completion(text=text, finished=True, thought=thought), Completion(text="Pi", finished=True)]
    assert len(spent) == len(server.requests) == 3


@pytest.mark.slow
def test_a_writer_that_refuses_a_passage_writes_no_empty_self_edit_and_one_of_few_parameters_writes(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    def behave(number: int, request: Mapping[str, Any]) -> Response:
        wrong = [name for name in ("max_tokens", "temperature", "seed") if name in request]
        usage = {"prompt_tokens": 100, "total_tokens": 107}
        return fails(400, f"Unsupported parameter: '{wrong[0]}'") if wrong else replies(f"Fact {number}.", usage=usage)

    with scripted(lambda *_: replies(None, refusal="I cannot.")) as server:
        command = (*QUICK, "engine@writer=openai", *of("writer", server.url, api="chat"))
        assert seal("run", *command) == 1
        assert "the model refuses: 'I cannot.'" in capsys.readouterr().err
        assert not (RUN / "self_edits.jsonl").exists()
        server.behaviour = behave
        assert seal("run", *command) == 0
    written = read_records(RUN / "self_edits.jsonl", SelfEdit)
    assert all(edit.text.startswith("Fact") for edit in written.values())
    spent = [json.loads(line) for line in (RUN / "spending.jsonl").read_text().splitlines()]
    assert {(booking["prompt_tokens"], booking["completion_tokens"]) for booking in spent} == {(100, 7)}
    assert len(spent) == len(written)


def test_what_a_served_model_cannot_do_is_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", "engine=openai") == 2
    said = capsys.readouterr().err
    assert "engine: a served model cannot answer with adapters: choose inner=none" in said
    assert "recipe: a policy that does not write the self-edits cannot learn to" in said


@pytest.mark.parametrize("engine", ["vllm", "vllm_server"])
def test_weights_trained_as_a_whole_are_for_the_engine_that_can_take_them(
    seal: Seal, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    assert seal("check", f"engine={engine}", "inner=full") == 2
    assert "engine: only engine=transformers answers with weights trained as a whole" in capsys.readouterr().err


@pytest.mark.slow
def test_a_writer_that_dies_loses_nothing_that_was_paid_for(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(lambda n, _: says(f"Fact {n}.") if n < 5 else fails(500)) as server:
        command = (*QUICK, "recipe.edits_per_context=3", "engine@writer=openai", *of("writer", server.url))
        assert seal("run", *command) == 1
        assert "writing self-edits: 6 of 9 failed twice" in capsys.readouterr().err
        written = read_records(RUN / "self_edits.jsonl", SelfEdit)
        assert len(written) == 3
        server.behaviour = lambda n, _: says(f"Fact {n}.")
        n_before = len(server.requests)
        assert seal("run", *command) == 0
    assert len(server.requests) - n_before == 1 + 6
    again = read_records(RUN / "self_edits.jsonl", SelfEdit)
    assert {key: again[key] for key in written} == written


@pytest.mark.slow
def test_an_answerer_that_dies_loses_nothing_that_was_paid_for(seal: Seal) -> None:
    unadapted = (*settings_without(QUICK, *OF_INNER, "engine.prompts_per_batch"), "inner=none")
    with scripted(lambda n, _: says("Leo")) as server:
        command = (*unadapted, "engine=openai", *of("engine", server.url))
        assert seal("run", *command, "name=undisturbed") == 0
        n_questions = len(server.requests)
        server.requests.clear()
        server.behaviour = lambda n, _: says("Leo") if n < 8 else fails(500)
        assert seal("run", *command) == 1
        answered = read_records(RUN / "answers.jsonl", Answered | Failure)
        assert answered
        server.behaviour = lambda *_: says("Leo")
        server.requests.clear()
        assert seal("run", *command) == 0
        assert len(server.requests) == n_questions - 6 * len(answered)  # six questions a context; no self-edits


@pytest.mark.slow
def test_the_key_of_an_endpoint_is_stored_nowhere(seal: Seal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with scripted(lambda n, _: says("A fact.")) as server:
        assert seal("run", *QUICK, "engine@writer=openai", *of("writer", server.url)) == 0
        assert server.keys == {"Bearer sk-very-secret"}
    files = [file for file in Path("outputs").rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"sk-very-secret" in file.read_bytes()]


def test_nothing_starts_where_the_writer_is_not_there(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert seal("run", *QUICK, "engine@writer=openai", *of("writer", url)) == 1
    assert f"does not answer: {url}" in capsys.readouterr().err


def test_a_server_that_renders_chats_is_told_what_the_template_is_told(seal: Seal) -> None:
    unadapted = (*settings_without(QUICK, *OF_INNER, "engine.prompts_per_batch"), "inner=none", "self_edit=none")
    told = "model.template_arguments={enable_thinking: false}"
    with scripted(lambda n, _: says("<think>\nRome?\n</think>\n\nParis\nLondon")) as server:
        for api, more, sent in (
            ("chat", (), {"enable_thinking": False}),
            ("chat", ("engine.template_arguments={thinking: true}",), {"thinking": True}),
            ("chat", ("engine.template_arguments={}",), None),
            ("completions", (), None),
        ):
            server.requests.clear()
            command = (*unadapted, "engine=openai", *of("engine", server.url, api=api), told, *more)
            assert seal("run", *command, "if_exists=replace") == 0
            assert {json.dumps(each.get("chat_template_kwargs")) for each in server.requests[1:]} == {json.dumps(sent)}
    [answered, *_] = read_records(RUN / "answers.jsonl", Answered).values()
    assert set(answered.answers) == {"Paris"}
