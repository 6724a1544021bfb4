"""The proxy reward: read, not trained; over real sockets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seal.config import loading
from seal.folder.store import read_records
from seal.outer.reward.proxy import points
from seal.types import Context, Rating, SelfEdit, Unavailable, Update, Usage
from tests.conftest import SMALL
from tests.servers import Response, asked, endpoint, fails, free_port, replies, says, scripted

Seal = Callable[..., int]
RUN = Path("outputs/tiny")
ALL = {"length": 1, "diversity": 2, "quality": 3, "correctness": 5}


@pytest.mark.parametrize(
    ("reply", "scores"),
    [
        ("length: 1\ndiversity: 2\nquality: 3\ncorrectness: 5", ALL),
        ('{"length": 1, "diversity": 2, "quality": 3, "correctness": 5}', ALL),
        ("**Length** = 1, Diversity - 2; QUALITY (3) and correctness: 5/5", ALL),
        ("length: 1\ndiversity: 2\nquality: 3", {}),
        ("length: 0\ndiversity: 2\nquality: 3\ncorrectness: 5", {}),
        ("length: 1\ndiversity: 2\nquality: 3\ncorrectness: 6", {}),
        ("Good notes.", {}),
    ],
)
def test_points_are_read_where_all_are_there_and_in_range(reply: str, scores: Mapping[str, int]) -> None:
    assert points(reply) == scores


def reader(number: int, request: Mapping[str, Any]) -> Response:
    """Longer notes get more points."""
    notes = asked(request).partition("Notes:")[2].partition("Give 1")[0]
    level = min(5, 1 + len(notes) // 60)
    return says("\n".join(f"{name}: {level}" for name in ALL))


def test_a_reader_that_refuses_gives_no_points_and_is_paid_for() -> None:
    def refusing(number: int, request: Mapping[str, Any]) -> Response:
        usage = {"prompt_tokens": 10, "completion_tokens": 2}
        return replies(None, refusal="No.", usage=usage) if "Fact 1" in asked(request) else reader(number, request)

    run, _ = loading.load(["outer/reward=proxy", "outer.must_beat_unadapted=false"])
    context = Context(id="a", title="A", text="Something.", queries=())
    edits = [SelfEdit(context_id="a", index=number, text=f"Fact {number}.", finished=True) for number in range(2)]
    spent: list[Usage] = []
    with scripted(refusing) as server:
        rewarding = replace(run.outer.reward, endpoint=endpoint(server.url), cache=None)
        rated, refused = rewarding.rate([(context, edit) for edit in edits], spent.append)
    assert isinstance(rated, Rating)
    assert rated.scores
    assert isinstance(refused, Unavailable)
    assert "the model refuses: 'No.'" in refused.reason
    assert len(spent) == 2


def proxied(url: str, reward: str, *overrides: str) -> list[str]:
    settings = (f"base_url={url}", "max_retries=0", "give_up_after=3", "concurrency=2")
    return [
        *SMALL,
        f"outer/reward={reward}",
        "outer.must_beat_unadapted=false",
        *(f"outer.reward.endpoint.{setting}" for setting in settings),
        *overrides,
    ]


@pytest.mark.slow
def test_a_policy_can_learn_from_points_alone_without_any_training_in_the_round(seal: Seal) -> None:
    with scripted(reader) as server:
        assert seal("run", *proxied(server.url, "proxy")) == 0
        n_asked = len(server.requests)
        assert seal("run", *proxied(server.url, "proxy", "name=again")) == 0
        assert len(server.requests) == n_asked + 1  # whether anybody is there; all ratings are on disk
    ratings: dict[str, Rating] = read_records(RUN / "ratings.jsonl", Rating)
    assert len(ratings) == 4 * 2
    update: Update = read_records(RUN / "updates.jsonl", Update)["round_0"]
    best = {
        context: max(sum(rating.scores.values()) for key, rating in ratings.items() if context in key)
        for context in {name.partition("/")[0] for name in update.kept}
    }
    assert len(best) == 4
    assert all(sum(ratings[f"round_0/{name}"].scores.values()) == best[name.partition("/")[0]] for name in update.kept)
    keys = [json.loads(line)["key"] for line in (RUN / "answers.jsonl").read_text().splitlines()]
    practised = [key for key in keys if key.startswith("round_0/") and "edit_1" in key]
    assert practised == []


def test_the_proxy_knows_no_unadapted_model(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", "outer/reward=proxy") == 2
    assert "outer.must_beat_unadapted: " in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_is_never_understood_teaches_nothing(seal: Seal) -> None:
    with scripted(lambda _, __: says("Lovely.")) as server:
        assert seal("run", *proxied(server.url, "proxy")) == 0
    update: Update = read_records(RUN / "updates.jsonl", Update)["round_0"]
    assert update.kept == ()
    [turn] = json.loads((RUN / "results.json").read_text())["rounds"]
    assert turn["mean_reward"] is None


@pytest.mark.slow
def test_a_reader_that_dies_stops_the_run_and_it_goes_on_where_it_was(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(lambda n, request: reader(n, request) if n < 5 else fails(500)) as server:
        assert seal("run", *proxied(server.url, "proxy")) == 1
        assert "rating self-edits: 5 of 8 failed twice" in capsys.readouterr().err
        server.behaviour = reader
        assert seal("run", *proxied(server.url, "proxy")) == 0


def test_nothing_starts_where_the_reader_is_not_there(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert seal("run", *proxied(url, "proxy")) == 1
    assert "nothing was started" in capsys.readouterr().err
