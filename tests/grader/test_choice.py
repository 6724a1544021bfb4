"""Multiple choice: letters and texts, in the forms that models write them."""

import pytest

from seal.grader.choice import Choice
from seal.types import Grade, Query

OPTIONS = ("Ada", "Mara Tills", "Mara Tills and Jon", "Nobody")


def grade(
    answer: str, target: str = "Mara Tills", options: tuple[str, ...] = OPTIONS, also: tuple[str, ...] = ()
) -> Grade:
    query = Query(question="Who?", prompt="Who?", target=target, also=also, options=options)
    [verdict] = Choice().grade([query], [answer])
    assert (verdict.answer, verdict.grader) == (answer, "choice")
    return verdict.grade


@pytest.mark.parametrize(
    "answer",
    [
        *("B", "b", "(B)", "B.", " B) ", "**B**", "[B]", "B:"),
        *("Answer: B", "The answer is B.", "The correct answer is (B)", "answer: b", "Final answer: B", "Option B"),
        *("B. Mara Tills", "(B) Mara Tills", "B) because she has the ticket", "**B.** Mara Tills"),
        *("I would take (B), as she has the ticket.", "It must be option B, I think.", "So B is correct."),
        *("Mara Tills", "mara tills.", "It was Mara Tills.", "The answer is Mara Tills"),
        *("The ticket is hers.\nAnswer: B", "The answer is B because she has it", "B - Mara Tills"),
    ],
)
def test_the_letter_or_the_text_of_the_right_option_is_right(answer: str) -> None:
    assert grade(answer) is Grade.CORRECT


@pytest.mark.parametrize(
    "answer",
    [
        *("A", "(C)", "Answer: D", "The answer is A.", "Ada", "It was Ada."),
        *("", "  ", "I do not know.", "E", "2", "She"),
        *("(A) or (B)", "Not (A), so (B).", "Option A or option B", "Ada or Mara Tills"),
        *("B. Ada", "(B) Nobody", "Mara Tills and Jon", "It was Mara Tills and Jon."),
        *("A man with a ticket", "The answer is A man with a ticket"),
    ],
)
def test_another_option_two_of_them_or_none_is_wrong(answer: str) -> None:
    assert grade(answer) is Grade.WRONG


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("vitamin C", "vitamin C"),
        ("It is vitamin (C)", "vitamin (C)"),
        ("B. vitamin (C)", "vitamin (C)"),
        ("C", "blood type A"),
        ("It is blood type A", "blood type A"),
        ("C++", "C++"),
        ("D", "C++"),
        ("The answer is C because of the test", "blood type A"),
    ],
)
def test_letters_in_the_texts_of_options_are_no_choice(answer: str, target: str) -> None:
    second = "vitamin (C)" if "(C)" in target else "vitamin C"
    assert grade(answer, target, ("iron", second, "blood type A", "C++")) is Grade.CORRECT


def test_a_letter_chooses_even_where_options_are_letters_or_numbers() -> None:
    assert grade("A", "B", ("B", "A")) is Grade.CORRECT
    assert grade("12", "12", ("1", "12", "2")) is Grade.CORRECT
    assert grade("B", "12", ("1", "12", "2")) is Grade.CORRECT
    assert grade("2", "12", ("1", "12", "2")) is Grade.WRONG


def test_options_of_one_text_are_both_right_and_every_accepted_one_is() -> None:
    assert grade("D", "x", ("x", "y", "z", "x")) is Grade.CORRECT
    assert grade("x", "x", ("x", "y", "z", "x")) is Grade.CORRECT
    assert grade("B", "x", ("x", "y", "z"), also=("y",)) is Grade.CORRECT


def test_the_reason_names_what_was_chosen() -> None:
    query = Query(question="?", prompt="?", target="y", options=("x", "y", "z"))
    reasons = [verdict.reason for verdict in Choice().grade([query] * 3, ["B", "(A), (C)", "maybe"])]
    assert reasons == ["it names B", "it names A and C", "it names no option"]


def test_a_question_without_options_is_refused_and_never_wrong() -> None:
    query = Query(question="?", prompt="?", target="y")
    [verdict] = Choice().grade([query], ["y"])
    assert verdict.grade is Grade.UNKNOWN
    [fault] = Choice().faults_of_data([query])
    assert fault.startswith("grader: 1 of 1 questions have no options to choose from: choose grader=lexical")
