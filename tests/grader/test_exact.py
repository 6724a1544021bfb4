"""Exact match."""

import pytest

from seal.grader.exact import Exact
from seal.types import Grade, Query


def grade(answer: str, target: str, *, normalize: bool = True) -> Grade:
    [verdict] = Exact(normalize=normalize).grade([Query(question="?", prompt="?", target=target)], [answer])
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
