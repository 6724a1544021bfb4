"""Released single-passage evaluations: their own summary follows from their verdicts, and so does what was kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from seal.config import loading
from seal.errors import DataError
from seal.outer.reward.accuracy import Accuracy
from seal.released.articles import read_articles, recomputed
from seal.released.importing import read_document
from seal.stats.selection import best_left_out, selection_noise

FILES = (
    "rewards_val_base.json",
    "rewards_val_passage_only.json",
    "rewards_val_base_self_qa.json",
    "rewards_val_base_rewrite.json",
    "rewards_train_iter0.json",
)


def question(rep: int, before: bool, after: bool, number: int = 0) -> dict[str, Any]:
    return {
        "rep": rep,
        "question": f"Q{number}?",
        "answer": "x",
        "baseline_answer": "b",
        "adapter_answer": "a",
        "baseline_correct": before,
        "adapter_correct": after,
    }


def document(**overall: float) -> dict[str, Any]:
    """One passage, one self-edit, two repeats of one question: right once."""
    completion = {"text": "A fact.", "questions": [question(0, False, True), question(1, False, False)]}
    return {
        "overall": {"adapter_mean_accuracy": 0.5, **overall},
        "articles": [{"title": "T", "context": "C.", "completions": [completion]}],
    }


@pytest.mark.parametrize("file", FILES)
def test_the_published_summary_is_that_of_the_verdicts_to_four_digits(reference: Path, file: str) -> None:
    path = reference / "knowledge" / file
    articles = read_articles(path, read_document(path))
    found = recomputed(articles)
    assert articles.overall.keys() == found.keys()
    assert {name: round(value, 4) for name, value in found.items()} == articles.overall


def test_choosing_the_best_as_published_gives_what_the_policy_was_trained_on(reference: Path) -> None:
    path = reference / "knowledge/rewards_train_iter0.json"
    as_published = ("outer.keep=1", "outer.must_beat_unadapted=false", "outer.ties=first")
    run, _ = loading.load(as_published)
    kept = run.outer.lessons(read_articles(path, read_document(path)).attempts)
    lines = (reference / "knowledge/sft_best1of5_iter0.jsonl").read_text().splitlines()
    assert [one.attempt.self_edit.text.strip() for one in kept] == [
        json.loads(line)["completion"].strip() for line in lines
    ]


def test_the_published_round_chose_among_noise(reference: Path) -> None:
    path = reference / "knowledge/rewards_train_iter0.json"
    articles = read_articles(path, read_document(path))
    noise = selection_noise(articles.attempts, articles.baselines)
    assert noise.deviation_over_edits == pytest.approx(0.13, abs=0.01)
    assert noise.deviation_over_repeats == pytest.approx(0.19, abs=0.01)
    assert noise.deviation_by_chance == pytest.approx(0.11, abs=0.01)
    assert noise.reliability == pytest.approx(0.32, abs=0.01)
    assert best_left_out(articles.attempts, Accuracy().score, repeats=3) == pytest.approx(0.438, abs=0.001)
    assert (noise.n_contexts, noise.n_tied_at_top, noise.n_best_not_better) == (50, 22, 10)


def test_a_file_that_contradicts_its_own_verdicts_is_refused() -> None:
    read_articles(Path("x.json"), document())
    with pytest.raises(DataError, match=r"overall\.adapter_mean_accuracy is 0\.6, but the verdicts give 0\.5000"):
        read_articles(Path("x.json"), document(adapter_mean_accuracy=0.6))


def test_a_repeat_that_does_not_ask_what_the_first_did_is_named() -> None:
    other = document()
    other["articles"][0]["completions"][0]["questions"][1]["question"] = "Another?"
    with pytest.raises(DataError, match=r"articles\.0\.completions\.0: the questions of rep 1 differ"):
        read_articles(Path("x.json"), other)


def test_what_is_missing_is_named_with_its_place() -> None:
    broken = document()
    del broken["articles"][0]["completions"][0]["questions"][1]["answer"]
    with pytest.raises(DataError, match=r"0\.completions\.0\.questions\.1\.answer: Field required"):
        read_articles(Path("x.json"), broken)
