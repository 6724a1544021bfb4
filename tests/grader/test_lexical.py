"""The lexical rule, and how far it agrees with the published judge."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.base.normalizing import Normalize
from seal.grader.lexical import Lexical, recall
from seal.types import Grade, Query

PUBLISHED = ("val_base", "val_passage_only", "val_base_self_qa", "val_base_rewrite", "train_iter0")


def is_right(target: str, answer: str, *also: str, normalize: Normalize = True) -> bool:
    query = Query(question="?", prompt="?", target=target, also=also)
    [verdict] = Lexical(min_recall=0.75, normalize=normalize).grade([query], [answer])
    return verdict.grade is Grade.CORRECT


@pytest.mark.parametrize(
    ("target", "answer", "right"),
    [
        ("the Rhee", "It is the river Rhee.", True),
        ("in 1990 and 1991", "1990", False),
        ("twenty-two", "Twenty two of them", True),
        ("Genghis Khan", "", False),
        ("New York", "york, new", True),
        ("the", "It is the.", True),
        ("1918–1938", "It existed from 1918 to 1938.", True),
        ("1.5", "It is 15.", False),
        ("-5", "It is 5.", False),
        ("-5", "It fell to −5.", True),
        ("3:30", "330", False),
        ("Zoë", "She is called Zoe\u0308.", True),
        ("5 %", "About 5 percent of them", True),
        ("%", "five", False),
        ("war and war", "war", False),
    ],
)
def test_an_answer_is_right_if_it_has_enough_of_the_target_s_words(target: str, answer: str, right: bool) -> None:
    assert is_right(target, answer) == right


def test_the_reason_says_how_much_was_found() -> None:
    query = Query(question="?", prompt="?", target="one two three four")
    [verdict] = Lexical(min_recall=0.75).grade([query], ["three two one"])
    assert (verdict.grade, verdict.reason) == (Grade.CORRECT, "0.75 of the target's words")


@given(st.text(max_size=80), st.text(max_size=80))
def test_recall_is_a_share_and_whole_for_the_target_itself(target: str, answer: str) -> None:
    assert 0 <= recall(target, answer) <= 1
    assert recall(target, target) in (0, 1)
    # Nothing of the answer is one number with the target behind a bar: `$` and `5` with a space between are $5.
    assert recall(target, f"{answer} | {target}") >= recall(target, answer) or recall(target, answer) == 0


def test_of_several_accepted_answers_the_best_counts() -> None:
    assert is_right("Ada Lind", "Ada, I think.", "Ada")
    assert not is_right("Ada Lind", "Ada, I think.", "Lind")


@pytest.mark.parametrize("normalize", [True, "published"])
def test_it_agrees_with_the_published_judge_as_its_docstring_says(reference: Path, normalize: Normalize) -> None:
    rows = set()
    for name in PUBLISHED:
        for article in json.loads((reference / "knowledge" / f"rewards_{name}.json").read_text())["articles"]:
            for completion in article["completions"]:
                for question in completion["questions"]:
                    for who in ("baseline", "adapter"):
                        answer, verdict = question[f"{who}_answer"], question[f"{who}_correct"]
                        rows.add((question["question"], question["answer"], answer, verdict))
    agreed = [is_right(target, answer, normalize=normalize) == verdict for _, target, answer, verdict in rows]
    assert len(agreed) == 8239
    assert sum(agreed) / len(agreed) == pytest.approx(0.870, abs=0.0005)
