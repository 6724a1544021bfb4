"""The work that was forecast and done, and what was paid for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.folder.run_files import read_manifest, read_metrics
from seal.folder.store import SPENDING
from seal.report.attempts import read_stories
from seal.report.costs import Amount, amounts, paid, trained
from tests.conftest import SMALL
from tests.servers import says, scripted


def test_what_was_done_stands_beside_what_was_forecast(finished: Path) -> None:
    found = {amount.what: (amount.forecast, amount.done) for amount in amounts(finished, read_manifest(finished))}
    assert found == {"self-edits": (14, 14), "trainings": (17, 17), "answers": (162, 162), "policy updates": (1, 1)}
    assert Amount(what="trainings", forecast=None, done=17) in amounts(finished, {})


def test_trainings_are_told_apart_by_the_policy_that_wrote(finished: Path) -> None:
    stories = read_stories(finished, read_manifest(finished), set())
    counts = {one.policy: one.trainings for one in trained(stories)}
    written = [
        line for line in read_metrics(finished) if line.get("work", "").endswith("training on self-edits, asking")
    ]
    assert sum(counts.values()) == sum(line["units"] for line in written)
    assert all(one.steps >= one.trainings and one.tokens > 0 for one in trained(stories))


def test_paid_calls_are_summed_by_purpose(tmp_path: Path) -> None:
    rows = [("judging", 10, 1, 0.5), ("self-edits", 5, 2, 0.25), ("judging", 20, 3, 0.5)]
    lines = [
        {"purpose": purpose, "n_calls": 1, "prompt_tokens": sent, "completion_tokens": back, "usd": usd}
        for purpose, sent, back, usd in rows
    ]
    (tmp_path / f"{SPENDING}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert paid(tmp_path) == {
        "judging": {"n_calls": 2, "prompt_tokens": 30, "completion_tokens": 4, "usd": 1.0},
        "self-edits": {"n_calls": 1, "prompt_tokens": 5, "completion_tokens": 2, "usd": 0.25},
    }


def test_paid_calls_tokens_and_dollars_stand_beside_their_forecast(tmp_path: Path) -> None:
    line = {"purpose": "judging", "n_calls": 2, "prompt_tokens": 30, "completion_tokens": 4, "usd": 0.125}
    (tmp_path / f"{SPENDING}.jsonl").write_text(json.dumps(line) + "\n")
    noted = {"forecast": {"paid_calls": 3, "estimated_paid_tokens": 50, "estimated_usd": 0.2}}
    assert amounts(tmp_path, noted) == [
        Amount(what="paid calls", forecast=3, done=2),
        Amount(what="paid tokens", forecast=50, done=34),
        Amount(what="US dollars", forecast=0.2, done=0.125),
    ]


@pytest.mark.slow
def test_what_check_says_beforehand_is_what_the_manifest_notes_and_no_less_than_what_is_paid(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(lambda _, __: says("Yes")) as server:
        few = ("recipe.rounds=0", "recipe.held_out_contexts=1")
        told = (*SMALL, *few, "grader=judge", f"grader.endpoint.base_url={server.url}")
        assert seal("check", *told, "--json") == 0
        plan = json.loads(capsys.readouterr().out)["plan"]
        assert seal("run", *told) == 0
    manifest = read_manifest(Path("outputs/tiny"))
    paid_for = ("paid_calls", "estimated_paid_tokens", "estimated_usd")
    noted = {name: manifest["forecast"][name] for name in ("self_edits", "answers", *paid_for)}
    assert noted == {name: plan[name] for name in noted}
    assert all(noted.values())
    beside = {amount.what: amount for amount in amounts(Path("outputs/tiny"), manifest)}
    for what in ("paid calls", "paid tokens", "US dollars"):
        assert 0 < beside[what].done <= (beside[what].forecast or 0)
