"""Reading first, training only the best few."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.config import loading
from seal.folder.store import read_records
from seal.outer.reward.proxy_first import ProxyFirst
from seal.types import Rating
from tests.outer.reward.test_proxy import proxied, reader
from tests.servers import scripted
from tests.values import FAILED, evaluation, tried

RUN = Path("outputs/tiny")


def proxy_first(tried: int) -> ProxyFirst:
    run, _ = loading.load(["outer/reward=proxy_first", f"outer.reward.tried={tried}"])
    assert isinstance(run.outer.reward, ProxyFirst)
    return run.outer.reward


def rating(total: int) -> Rating:
    return Rating(scores={"length": total} if total else {})


def test_the_best_few_are_tried_the_first_of_equal_ones_and_none_without_points() -> None:
    assert proxy_first(2).is_tried([rating(5), rating(9), rating(5), rating(8)]) == [False, True, False, True]
    assert proxy_first(1).is_tried([rating(5), rating(5)]) == [True, False]
    assert proxy_first(2).is_tried([rating(0), rating(3)]) == [False, True]


def test_the_reward_is_the_accuracy_of_those_that_were_tried() -> None:
    assert proxy_first(1).score(tried(FAILED, evaluation("cw"))) == 0.5
    assert proxy_first(1).score(tried(FAILED)) is None


@pytest.mark.slow
def test_half_of_the_trainings_of_a_round_are_saved(seal: Callable[..., int], capsys: object) -> None:
    with scripted(reader) as server:
        assert seal("run", *proxied(server.url, "proxy_first", "outer.reward.tried=1")) == 0
    ratings: dict[str, Rating] = read_records(RUN / "ratings.jsonl", Rating)
    tried = {
        key.replace("/edit_", "/").rpartition("/")[0]
        for line in (RUN / "answers.jsonl").read_text().splitlines()
        if "/edit_" in (key := json.loads(line)["key"]) and key.startswith("round_0/")
    }
    assert len(tried & ratings.keys()) == 4
    for context in {key.split("/")[1] for key in ratings}:
        points = {key: sum(one.scores.values()) for key, one in ratings.items() if context in key}
        [chosen] = tried & points.keys()
        assert points[chosen] == max(points.values())
