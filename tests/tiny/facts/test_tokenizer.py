"""The tokenizer of the world of facts, as it is shipped."""

from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from seal.model.tiny import Tiny
from seal.tiny.facts.world import PEOPLE, YEARS, Population, QuestionKind, draw_topics


@cache
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(Tiny().path)


def ids_of(text: str) -> list[int]:
    return list(tokenizer()(text)["input_ids"])


def test_every_value_is_one_token_and_the_same_at_the_start_of_a_line_and_inside_it() -> None:
    for value in (*PEOPLE, *YEARS):
        [alone] = ids_of(value)
        assert ids_of(f"The {value}")[-1] == alone
        assert ids_of(f"The\n{value}")[-1] == alone


def test_texts_of_the_world_survive_a_round_trip() -> None:
    for topic in draw_topics(Random(0), Population.HELD_OUT, 60):
        claims = topic.claims(*QuestionKind)
        lines = [text for claim in claims for text in (claim.statement, claim.line)]
        text = "\n".join([topic.title, topic.passage, *topic.vague_lines, *lines])
        assert tokenizer().decode(ids_of(text), skip_special_tokens=True) == text


@given(st.text(st.characters(exclude_characters="▁", exclude_categories=("Cs",)), max_size=60))
def test_any_text_has_tokens_and_keeps_its_words(text: str) -> None:
    words = tokenizer().decode(ids_of(text)).split()
    assert words == text.split()


@pytest.mark.parametrize("text", ["naïve Ωmega 漢字 🙂", "a\n\n\nb", 'x = {"a": [1, 2]}'])
def test_texts_of_other_worlds_survive_a_round_trip(text: str) -> None:
    assert tokenizer().decode(ids_of(text), skip_special_tokens=True) == text
