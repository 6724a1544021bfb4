"""The invented world: who may be met where, and what can be told apart."""

from random import Random

import pytest

from seal.tiny.facts.world import (
    CONCLUSIONS,
    FACTS_PER_PASSAGE,
    KINDS,
    MOST_EVENTS,
    MOST_PEOPLE,
    MOST_TOPICS,
    Population,
    QuestionKind,
    draw_topics,
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


def test_no_passage_names_an_attribute_that_its_questions_ask_for_or_answer_with() -> None:
    for topic in draw_topics(Random(0), Population.TRAIN, 300):
        words = set(topic.passage.removeprefix(topic.title).replace(".", "").split())
        assert not words & {fact.attribute.name for fact in topic.facts}


def test_attributes_and_values_of_a_passage_differ_so_that_each_question_has_one_answer() -> None:
    for topic in draw_topics(Random(1), Population.TRAIN, 300):
        assert len({fact.value for fact in topic.facts}) == FACTS_PER_PASSAGE
        assert len({fact.attribute.name for fact in topic.facts}) == FACTS_PER_PASSAGE
        questions = [claim.question for claim in topic.claims(*QuestionKind)]
        assert len(set(questions)) == len(questions)


def test_a_passage_has_people_and_events_in_numbers_that_cannot_be_guessed() -> None:
    numbers = {
        sum(not fact.is_event for fact in topic.facts) for topic in draw_topics(Random(1), Population.TRAIN, 300)
    }
    assert numbers == set(range(FACTS_PER_PASSAGE - MOST_EVENTS, MOST_PEOPLE + 1))


def test_conclusions_follow_from_the_facts() -> None:
    for topic in draw_topics(Random(4), Population.TRAIN, 60):
        names = {fact.value: fact.attribute.name for fact in topic.facts}
        people = [value for value in names if not value.isdigit()]
        reversals = {claim.question: claim.answer for claim in topic.claims(QuestionKind.REVERSAL)}
        assert all(reversals[f"Who is {person}?"] == names[person] for person in people)
        [count] = topic.claims(QuestionKind.COUNT)
        assert count.answer == {2: "two", 3: "three", 4: "four"}[len(people)]


@pytest.mark.parametrize("kind", list(QuestionKind))
def test_claims_of_each_kind_are_recognised_as_statements_and_as_questions(kind: QuestionKind) -> None:
    for topic in draw_topics(Random(2), Population.TRAIN, 60):
        lines = [text for claim in topic.claims(kind) for text in (claim.line, claim.statement)]
        assert {style_of(line, topic.sentences) for line in lines} == {kind}


def test_sentences_of_the_passage_and_vague_ones_are_recognised_and_nothing_else() -> None:
    for topic in draw_topics(Random(2), Population.TRAIN, 60):
        assert {style_of(line, topic.sentences) for line in topic.sentences} == {"copy"}
        assert {style_of(line, topic.sentences) for line in topic.vague_lines} == {"vague"}
    assert style_of("Something else entirely.", []) is None


def test_a_passage_states_no_conclusion_and_no_vague_line_holds_a_value() -> None:
    for topic in draw_topics(Random(3), Population.TRAIN, 60):
        conclusions = {claim.statement for claim in topic.claims(*CONCLUSIONS)}
        assert not conclusions & set(topic.sentences)
        assert not any(fact.value in line for fact in topic.facts for line in topic.vague_lines)


def test_there_are_as_many_topics_as_is_said() -> None:
    for population in (Population.TRAIN, Population.HELD_OUT):
        assert len({topic.title for topic in draw_topics(Random(0), population, MOST_TOPICS)}) == MOST_TOPICS
