"""Exact match."""

import pytest

from seal.base.normalizing import Normalize
from seal.grader.exact import Exact
from seal.types import Grade, Query


def grade(answer: str, target: str, *also: str, normalize: Normalize = True) -> Grade:
    query = Query(question="?", prompt="?", target=target, also=also)
    [verdict] = Exact(normalize=normalize).grade([query], [answer])
    assert verdict.answer == answer
    return verdict.grade


@pytest.mark.parametrize("answer", ["Denver Broncos", " the denver broncos. ", "Denver  Broncos!"])
def test_case_articles_punctuation_and_spaces_do_not_matter(answer: str) -> None:
    assert grade(answer, "Denver Broncos") is Grade.CORRECT


@pytest.mark.parametrize("answer", ["Denver", "Denver Broncos won", "", "  "])
def test_anything_else_is_wrong(answer: str) -> None:
    assert grade(answer, "Denver Broncos") is Grade.WRONG


def test_an_empty_answer_is_wrong_even_where_normalization_empties_the_target() -> None:
    assert grade("", "The") is Grade.WRONG


@pytest.mark.parametrize("target", ["The", "%", "A"])
def test_a_target_that_normalization_empties_is_compared_as_it_is(target: str) -> None:
    assert grade(f" {target} ", target) is Grade.CORRECT
    assert grade("&", target) is Grade.WRONG


def test_without_normalization_only_outer_spaces_do_not_matter() -> None:
    assert grade(" Paris ", "Paris", normalize=False) is Grade.CORRECT
    assert grade("paris", "Paris", normalize=False) is Grade.WRONG


@pytest.mark.parametrize(("one", "other"), [("1.5", "15"), ("-5", "5"), ("3:30", "330"), ("C++", "C#")])
def test_numbers_and_names_that_differ_by_signs_differ_but_to_the_published_rule(one: str, other: str) -> None:
    assert grade(one, other) is grade(other, one) is Grade.WRONG
    assert grade(one, other, normalize="published") is Grade.CORRECT


def test_two_forms_of_one_letter_are_the_same_but_to_the_published_rule() -> None:
    assert grade("Zoe\u0308", "Zoë") is Grade.CORRECT
    assert grade("Zoe\u0308", "Zoë", normalize="published") is Grade.WRONG


def test_an_answer_is_right_if_it_equals_one_of_the_accepted_ones() -> None:
    assert grade("ada", "Ada Lind", "Ada") is Grade.CORRECT
    assert grade("Lind", "Ada Lind", "Ada") is Grade.WRONG
    assert grade("%", "five", "%") is Grade.CORRECT
