"""Half of the questions choose, the other half measures, and no question does both."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.recipe.budget import Budgeted
from seal.recipe.choosing import MOST_WATCHED, Candidate, best_of, halves, in_words, of_half, outcomes_of_half, watching
from seal.recipe.consolidation import Corpus
from seal.recipe.corpora import Examined
from seal.types import Context, Evaluation, Failure, Grade, Plan, Query, Training, Verdict

N_QUESTIONS = 4


def context(name: str, *, n_questions: int = N_QUESTIONS, n_open: int = 0) -> Context:
    """One with so many questions; the last `n_open` have no known answer."""
    targets = ["right"] * (n_questions - n_open) + [""] * n_open
    queries = [Query(question=f"q{at}", prompt=f"{name} q{at}", target=target) for at, target in enumerate(targets)]
    return Context(id=name, title=name, text="text", queries=tuple(queries))


CONTEXTS = [context("a"), context("b")]
CHOOSING, MEASURING = halves(CONTEXTS, 0)


def training(n_tokens: int = 10) -> Training:
    return Training(n_sequences=1, n_tokens=5, losses=(1.0,), trained_tokens=n_tokens)


def evaluation(rights: Sequence[bool]) -> Evaluation:
    verdicts = [
        Verdict(grade=Grade.CORRECT if right else Grade.WRONG, answer=str(at), grader="exact")
        for at, right in enumerate(rights)
    ]
    return Evaluation(seed=0, training=None, verdicts=tuple(verdicts))


def candidate(setting: str, right: dict[str, set[int]], *, n_tokens: int = 10, fails: bool = False) -> Candidate:
    """One that is right at these places of each context."""
    outcomes = [evaluation([place in right[one.id] for place in range(N_QUESTIONS)]) for one in CONTEXTS]
    examined = Examined(
        outcomes=[Failure(reason="diverged")] * len(CONTEXTS) if fails else outcomes,
        training=None if fails else training(n_tokens),
        seconds=None,
    )
    corpus = Corpus(lesson=Budgeted(plan=Plan(sequences=())))
    return Candidate(setting=setting, corpus=corpus, examined=examined, of_passages=False)


NOTHING: dict[str, set[int]] = {"a": set(), "b": set()}


@given(st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3)), min_size=1, max_size=6), st.integers(0, 99))
def test_each_gradable_question_is_in_one_of_two_even_halves(counts: list[tuple[int, int]], seed: int) -> None:
    contexts = [context(str(at), n_questions=n, n_open=min(n, n_open)) for at, (n, n_open) in enumerate(counts)]
    choosing, measuring = halves(contexts, seed)
    for one in contexts:
        gradable = {at for at, query in enumerate(one.queries) if query.target}
        assert choosing[one.id] | measuring[one.id] == gradable
        assert not choosing[one.id] & measuring[one.id]
    n_choosing, n_measuring = (sum(map(len, half.values())) for half in (choosing, measuring))
    assert abs(n_choosing - n_measuring) <= 1


def test_the_verdicts_of_a_half_belong_to_its_questions() -> None:
    outcomes = [evaluation([True] * N_QUESTIONS), Failure(reason="diverged")]
    some, found = of_half(CONTEXTS, MEASURING), outcomes_of_half(CONTEXTS, outcomes, MEASURING)
    [first, failed] = found
    assert isinstance(first, Evaluation)
    assert [f"q{one.answer}" for one in first.verdicts] == [query.question for query in some[0].queries]
    assert failed == Failure(reason="diverged")


def test_only_the_questions_that_choose_choose() -> None:
    chooses = {name: set(half) for name, half in CHOOSING.items()}
    measures = {name: set(half) for name, half in MEASURING.items()}
    choice = best_of([candidate("one", chooses), candidate("other", measures)], CONTEXTS, CHOOSING)
    assert choice is not None
    assert (choice.best.setting, dict(choice.scores), choice.n_questions) == ("one", {"one": 1.0, "other": 0.0}, 4)
    note = choice.note()
    assert "one" in note
    assert "1.000" in note
    assert "0.000 (other)" in note
    assert in_words("self_edits_round_0_4x") == "self-edits and passages, 4 × as long"


def test_among_equals_the_one_with_the_shorter_training_is_taken_and_a_failed_one_never() -> None:
    long, short = candidate("long", NOTHING, n_tokens=99), candidate("short", NOTHING, n_tokens=9)
    broken = candidate("broken", NOTHING, fails=True)
    choice = best_of([broken, long, short], CONTEXTS, CHOOSING)
    assert choice is not None
    assert choice.best is short
    assert best_of([broken], CONTEXTS, CHOOSING) is None


@pytest.mark.parametrize("n_contexts", [1, 3, 20])
def test_questions_are_watched_about_as_many_contexts_as_possible(n_contexts: int) -> None:
    contexts = [context(str(at), n_questions=12) for at in range(n_contexts)]
    watched = watching(Plan(sequences=()), contexts).watched
    assert len(watched) == MOST_WATCHED
    assert len({text.text.split()[0] for text in watched}) == min(n_contexts, MOST_WATCHED)
    assert all(text.text[text.trained_from :] == " right" for text in watched)
