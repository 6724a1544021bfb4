"""A free question gets the prompt that the run would have given it."""

import pytest

from seal.using.prompting import DefaultQuestions, Prompting

TASK = DefaultQuestions()
MILL = TASK.make_context("Old Mill", "The mill is red.", [("Which colour?", "red")])
TOWN = TASK.make_context("Mill", "The town is small.", [("How large?", "small")])
BOTH = Prompting(task=TASK, contexts=(TOWN, MILL))


def test_a_question_of_the_run_has_the_very_prompt_that_it_had() -> None:
    assert BOTH.plain("Which colour?").prompt == MILL.queries[0].prompt


@pytest.mark.parametrize(
    ("question", "title"),
    [("Who built the old mill?", "Old Mill"), ("Is Mill large?", "Mill"), ("How large?", "Mill")],
)
def test_another_stands_below_the_title_that_it_names(question: str, title: str) -> None:
    assert BOTH.plain(question).prompt == f"{title}\nQuestion: {question} Answer:"


def test_a_question_about_nothing_known_stands_without_a_title_unless_one_is_given() -> None:
    assert BOTH.plain("Why?").prompt == "Question: Why? Answer:"
    assert BOTH.plain("Why?", "Sea").prompt == "Sea\nQuestion: Why? Answer:"
    assert Prompting(task=TASK, contexts=(MILL,)).plain("Why?").prompt == "Old Mill\nQuestion: Why? Answer:"


def test_the_line_of_a_missing_title_is_left_out_but_not_what_else_is_in_it() -> None:
    task = DefaultQuestions(query_template="About {title}\n{title}: {question}\nAnswer:")
    assert Prompting(task=task).plain("Why?").prompt == ": Why?\nAnswer:"


def test_a_passage_stands_above_the_prompt_or_where_the_run_shows_its_own() -> None:
    assert BOTH.with_passage("Why?", "P").prompt == "P\n\nQuestion: Why? Answer:"
    task = DefaultQuestions(query_template="{passage} {question}")
    assert Prompting(task=task, contexts=(MILL,)).plain("Why?").prompt == "The mill is red. Why?"
    assert Prompting(task=task, contexts=(MILL,)).with_passage("Why?", "P").prompt == "P Why?"
