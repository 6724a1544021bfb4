"""The judge: asked over real sockets, cached, and never taken for a score where it is silent."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seal.config import loading
from seal.errors import ConfigError
from seal.grader.judge import Judge
from seal.types import Grade, Query, Usage
from tests.conftest import SMALL, records
from tests.servers import Response, asked, endpoint, fails, free_port, replies, says, scripted

Seal = Callable[..., int]
RUN = Path("outputs/tiny")
QUICK = (*SMALL, "recipe.rounds=0")


def judge(url: str, cache: Path | None = None, **settings: Any) -> Judge:
    run, _ = loading.load(["grader=judge"])
    assert isinstance(run.grader, Judge)
    return replace(run.grader, endpoint=endpoint(url, **settings), cache=cache)


def queries(*targets: str) -> list[Query]:
    return [Query(question=f"What is {target}?", prompt="?", target=target) for target in targets]


def compares(_: int, request: Mapping[str, Any]) -> Response:
    """A judge that finds the reference answer in what the student says, whatever the case."""
    target, answer = (re.search(rf"{who}: (.*)", asked(request)) for who in ("Reference answer", "Student"))
    right = not target or (answer and target[1].lower() in answer[1].lower())
    return says("Yes" if right else "No.", prompt_tokens=100)


def grades(url: str, pairs: Mapping[str, str]) -> list[Grade]:
    return [verdict.grade for verdict in judge(url).grade(queries(*pairs), list(pairs.values()))]


def test_the_judge_reads_all_accepted_answers() -> None:
    read: list[str] = []
    with scripted(lambda _, request: read.append(asked(request)) or says("yes")) as server:
        judge(server.url).grade([Query(question="Who?", prompt="?", target="Ada Lind", also=("Ada",))], ["Ada"])
    assert "Reference answer: Ada Lind or Ada\n" in read[0]


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        ("yes", Grade.CORRECT),
        (" **Yes**, it is.", Grade.CORRECT),
        ("NO", Grade.WRONG),
        ("No, yes would be too much", Grade.WRONG),
        ("Perhaps yes", Grade.UNKNOWN),
        ("yesterday", Grade.UNKNOWN),
        ("<think>\nYes? It says Rome.\n</think>\n\nNo.", Grade.WRONG),
        ("Is it? No.</think> yes", Grade.CORRECT),
        ("<think>Yes, it", Grade.UNKNOWN),
        ("", Grade.UNKNOWN),
    ],
)
def test_the_first_word_of_the_judge_counts_and_anything_but_yes_or_no_is_unknown(reply: str, grade: Grade) -> None:
    with scripted(lambda _, __: says(reply)) as server:
        assert grades(server.url, {"Paris": "Paris"}) == [grade]


def test_a_silent_judge_makes_unknown_verdicts_with_the_reason() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    [verdict] = judge(url).grade(queries("Paris"), ["Paris"])
    assert (verdict.grade, verdict.answer) == (Grade.UNKNOWN, "Paris")
    assert url in verdict.reason


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (replies(None, finish_reason="length", reasoning_content="The student says no"), "thought"),
        (replies("", refusal="I cannot mark this."), "refuses"),
        (replies(None, finish_reason="tool_calls", tool_calls=[{"function": {"name": "look_up"}}]), "look_up"),
        (Response(body=b'{"error": {"message": "no credit"}}'), "no credit"),
    ],
)
def test_a_judge_that_says_nothing_of_its_own_gives_no_verdict(reply: Response, reason: str) -> None:
    with scripted(lambda *_: reply) as server:
        [verdict] = judge(server.url).grade(queries("Paris"), ["Paris"])
    assert verdict.grade is Grade.UNKNOWN
    assert reason in verdict.reason


def test_a_judge_that_takes_few_parameters_and_counts_nothing_grades_all_the_same() -> None:
    def picky(number: int, request: Mapping[str, Any]) -> Response:
        wrong = [name for name in ("max_tokens", "temperature") if name in request]
        right = json.loads(compares(number, request).body)["choices"][0]["message"]["content"]
        return fails(400, f"Unsupported parameter: '{wrong[0]}'") if wrong else replies(right, usage={})

    spent: list[Usage] = []
    with scripted(picky) as server:
        verdicts = judge(server.url).grade(queries("a", "b"), ["a", "x"], spent.append)
    assert [verdict.grade for verdict in verdicts] == [Grade.CORRECT, Grade.WRONG]
    assert [usage.usd for usage in spent] == [0.0, 0.0]


def test_an_empty_answer_is_wrong_and_costs_nothing() -> None:
    with scripted(compares) as server:
        assert grades(server.url, {"Paris": " \n"}) == [Grade.WRONG]
    assert server.requests == []


def test_equal_pairs_are_asked_once_and_each_call_is_paid_once() -> None:
    spent: list[Usage] = []
    with scripted(compares) as server:
        verdicts = judge(server.url).grade(queries("a", "a", "b"), ["a", " a", "c"], spent.append)
    assert [verdict.grade for verdict in verdicts] == [Grade.CORRECT, Grade.CORRECT, Grade.WRONG]
    assert len(server.requests) == len(spent) == 2


def test_a_verdict_is_never_asked_for_twice_not_even_by_another_run(tmp_path: Path) -> None:
    with scripted(compares) as server:
        first = judge(server.url, tmp_path).grade(queries("a", "b"), ["a", "x"])
        assert judge(server.url, tmp_path).grade(queries("b", "a"), ["x", "a"]) == first[::-1]
        assert len(server.requests) == 2
        judge(server.url, tmp_path, model="another").grade(queries("a"), ["a"])
        assert len(server.requests) == 3


def test_unknown_verdicts_are_not_kept_and_a_damaged_one_is_asked_for_again(tmp_path: Path) -> None:
    with scripted(lambda n, _: fails(500) if n == 1 else says("yes")) as server:
        for expected in (Grade.UNKNOWN, Grade.CORRECT):
            [verdict] = judge(server.url, tmp_path).grade(queries("a"), ["a"])
            assert verdict.grade is expected
        [file] = tmp_path.rglob("*.json")
        file.write_text(file.read_text()[:10])
        judge(server.url, tmp_path).grade(queries("a"), ["a"])
    assert len(server.requests) == 3


def test_the_judge_has_to_be_shown_everything() -> None:
    with pytest.raises(ConfigError, match=r"grader\.template: a template has to show the {question} and the"):
        loading.load(["grader=judge", "grader.template='Is {question} answered?'"])


def judged(url: str, *overrides: str) -> list[str]:
    settings = ("base_url=" + url, "max_retries=0", "give_up_after=3", "concurrency=2")
    return [*QUICK, "grader=judge", *(f"grader.endpoint.{each}" for each in settings), *overrides]


@pytest.mark.slow
def test_a_run_with_a_judge_says_beforehand_and_afterwards_what_it_costs(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(compares) as server:
        assert seal("check", *judged(server.url), "--json") == 0
        assert server.requests == []
        plan = json.loads(capsys.readouterr().out)["plan"]
        assert seal("run", *judged(server.url)) == 0
        capsys.readouterr()
        assert seal("status", "tiny", "--json") == 0
        spent = json.loads(capsys.readouterr().out)["spent"]
    assert 0 < spent["n_calls"] <= plan["judge_calls"] == plan["answers"]
    assert spent["n_calls"] == len(server.requests) - 1  # one asked whether anybody is there
    assert spent["prompt_tokens"] == 100 * spent["n_calls"]
    assert spent["usd"] == pytest.approx(spent["n_calls"] * (100 * 2 + 8) / 1e6)


@pytest.mark.slow
def test_a_judge_that_dies_in_the_middle_loses_and_scores_nothing(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(compares) as server:
        assert seal("run", *judged(server.url, "name=undisturbed", "grader.cache=null")) == 0
        n_calls = len(server.requests)
        server.requests.clear()
        server.behaviour = lambda n, request: compares(n, request) if n < n_calls // 2 else fails(500)
        assert seal("run", *judged(server.url)) == 1
        said = capsys.readouterr().err
        assert "failed twice" in said
        assert "no failure became a score" in said
        assert not (RUN / "results.json").exists()
        server.behaviour = compares
        n_before = len(server.requests)
        assert seal("run", *judged(server.url)) == 0
        assert len(server.requests) - n_before <= n_calls - n_calls // 2 + 2
    assert _by_key(records(RUN)) == _by_key(records(Path("outputs/undisturbed")))


def _by_key(found: Mapping[str, bytes]) -> dict[str, Sequence[bytes]]:
    """Records without their order."""
    return {name: sorted(content.splitlines()) for name, content in found.items()}


@pytest.mark.slow
def test_a_few_unknown_verdicts_are_left_out_counted_and_shown(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    def stubborn(number: int, request: Mapping[str, Any]) -> Response:
        return fails(500) if re.search("Reference answer: [C-G]", asked(request)) else compares(number, request)

    with scripted(stubborn) as server:
        assert seal("run", *judged(server.url, "grader.max_unknown=0.9", "grader.endpoint.give_up_after=1000")) == 0
    table = json.loads((RUN / "results.json").read_text())["table"]
    assert 0 < table[0]["n_unknown"] < table[0]["n_answers"]
    assert str(table[0]["n_unknown"]) in capsys.readouterr().out


def test_nothing_starts_where_the_judge_is_not_there(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert seal("run", *judged(url)) == 1
    assert "nothing was started, because the endpoint does not answer" in capsys.readouterr().err
    assert not (RUN / "self_edits.jsonl").exists()
