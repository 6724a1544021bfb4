"""The invented world: who may be met where, and what can be told apart."""

from random import Random

import pytest

from seal.tiny.facts.world import (
    FACTS_PER_PASSAGE,
    KINDS,
    MOST_ENTITIES,
    Population,
    Style,
    draw_entities,
    style_of,
    titles,
)


def test_the_three_populations_share_no_title() -> None:
    for kind in KINDS:
        everyone = [title for population in Population for title in titles(kind, population)]
        assert len(everyone) == len(set(everyone)) == len(kind.first_words) * len(kind.second_words)


def test_every_word_of_a_held_out_title_was_met_in_pretraining_in_other_company() -> None:
    for kind in KINDS:
        met = {word for title in titles(kind, Population.PRETRAINING) for word in title.split()}
        assert all(set(title.split()) <= met for title in titles(kind, Population.HELD_OUT))


def test_no_passage_names_the_attribute_that_its_questions_ask_for() -> None:
    for entity in draw_entities(Random(0), Population.TRAIN, 300):
        words = set(entity.passage.removeprefix(entity.title).replace(".", "").split())
        assert not words & {fact.attribute.name for fact in entity.facts}


def test_the_values_of_a_passage_differ_so_that_each_question_has_one_answer() -> None:
    for entity in draw_entities(Random(1), Population.TRAIN, 300):
        assert len({fact.value for fact in entity.facts}) == FACTS_PER_PASSAGE


@pytest.mark.parametrize("style", list(Style))
def test_a_line_in_each_style_is_recognised(style: Style) -> None:
    for entity in draw_entities(Random(2), Population.TRAIN, 60):
        assert {style_of(line, entity.sentences) for line in entity.lines(style)} == {style}


def test_only_atomic_lines_and_questions_name_both_the_attribute_and_its_value() -> None:
    for entity in draw_entities(Random(3), Population.TRAIN, 60):
        for style in Style:
            informative = all(
                fact.attribute.name in line and fact.value in line
                for fact, line in zip(entity.facts, entity.lines(style), strict=True)
            )
            assert informative == (style in (Style.ATOMIC, Style.QA))


def test_there_are_as_many_entities_as_is_said() -> None:
    for population in (Population.TRAIN, Population.HELD_OUT):
        assert len({entity.title for entity in draw_entities(Random(0), population, MOST_ENTITIES)}) == MOST_ENTITIES
