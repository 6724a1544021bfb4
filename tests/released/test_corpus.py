"""Released continued-pretraining runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from seal.errors import DataError
from seal.released.corpus import read_corpus
from seal.released.importing import read_contexts, read_document
from tests.values import context

CONTEXTS = [context("a", n_queries=2), context("b", n_queries=1)]


def document(**changes: Any) -> dict[str, Any]:
    marks = {"baseline_correct": [True, False, False], "adapter_correct": [True, True, False]}
    return {
        "overall": {"baseline_accuracy": 0.3333, "adapter_accuracy": 0.6667, "gain": 0.3333},
        "per_article": {
            "a": {"baseline_correct": [True, False], "adapter_correct": [True, True]},
            "b": {"baseline_correct": [False], "adapter_correct": [False]},
        },
        "server_reply": {"baseline_texts": ["1", "2", "3"], "adapter_texts": ["4", "5", "6"], **marks},
    } | changes


def test_answers_go_to_the_contexts_in_order() -> None:
    run = read_corpus(Path("x.json"), document(), [*CONTEXTS, context("c")])
    assert [one.id for one in run.contexts] == ["a", "b"]
    assert [verdict.answer for one in run.adapted for verdict in one.verdicts] == ["4", "5", "6"]


def test_other_passages_are_noticed() -> None:
    with pytest.raises(DataError, match="the answers about 'a' do not belong to these passages"):
        read_corpus(Path("x.json"), document(), [context("b", n_queries=1), context("a", n_queries=2)])
    with pytest.raises(DataError, match="has 3 answers, but no number of first passages has as many questions"):
        read_corpus(Path("x.json"), document(), [context("a", n_queries=2)])


def test_a_file_that_contradicts_its_own_verdicts_is_refused() -> None:
    with pytest.raises(DataError, match=r"overall\.gain is 0\.5, but the verdicts give 0\.3333"):
        read_corpus(Path("x.json"), document(overall={"gain": 0.5}), CONTEXTS)


def test_what_is_missing_or_of_another_kind_is_named_with_its_place() -> None:
    reply = document()["server_reply"] | {"adapter_texts": "4"}
    with pytest.raises(DataError) as refused:
        read_corpus(Path("x.json"), document(server_reply=reply, overall=None), CONTEXTS)
    assert str(refused.value).splitlines() == [
        "x.json is not a published continued-pretraining run:",
        "  overall: Input should be a valid dictionary",
        "  server_reply.adapter_texts: Input should be a valid tuple",
    ]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{"title": "T", "context": "C", "questions": [{"question": "Q"}]}], "0.questions.0.answer: Field required"),
        ({"rows": []}, "Input should be a valid tuple"),
    ],
)
def test_passages_that_are_none_are_named_with_their_place(tmp_path: Path, rows: object, fault: str) -> None:
    (tmp_path / "p.json").write_text(json.dumps(rows))
    with pytest.raises(DataError) as refused:
        read_contexts(tmp_path / "p.json")
    title, *faults = str(refused.value).splitlines()
    assert title.startswith(f"--contexts: {tmp_path / 'p.json'} is not a list of rows")
    assert faults == [f"  {fault}"]


def test_lists_of_other_lengths_are_refused() -> None:
    reply = document()["server_reply"] | {"adapter_texts": ["4"]}
    with pytest.raises(DataError, match="the lists of server_reply differ in length"):
        read_corpus(Path("x.json"), document(server_reply=reply), CONTEXTS)


def test_the_published_run_is_read_with_its_passages(reference: Path) -> None:
    path = reference / "knowledge/cpt_val_base.json"
    run = read_corpus(path, read_document(path), read_contexts(reference / "knowledge/self_edits_val_base.json"))
    assert len(run.contexts) == 200
    assert sum(len(one.verdicts) for one in run.adapted) == 974
