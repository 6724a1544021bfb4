"""Plans that are trained for as long as others: what is held equal, and what is left as it was."""

from random import Random

import pytest

from seal.recipe.matching import matched, refilled, training_of
from seal.types import Evaluation, Failure, Plan, Training, TrainingSequence

PASSAGE = "Ada lives in Ashby. Bruno lives in Belton. Cora lives in Corby."


def plan(*segments: str) -> Plan:
    return Plan(sequences=tuple(TrainingSequence(text=f"Copbury\n{segment}") for segment in segments))


def training(*, steps: int, tokens_per_step: int) -> Training:
    return Training(
        n_sequences=1, n_tokens=tokens_per_step, losses=(1.0,) * steps, trained_tokens=steps * tokens_per_step
    )


def stretched(match: str) -> Plan:
    return matched(
        plan(PASSAGE),
        training(steps=10, tokens_per_step=40),
        like=plan("One line.", "Another line.", PASSAGE),
        budget=training(steps=12, tokens_per_step=100),
        match=match,  # type: ignore[arg-type]
        random=Random(0),
    )


def test_at_equal_tokens_the_passage_is_read_as_often_as_its_tokens_go_into_those_of_the_self_edit() -> None:
    assert stretched("tokens").settings == {"steps": 30}
    assert stretched("tokens").sequences == plan(PASSAGE).sequences


def test_at_equal_updates_only_the_number_of_steps_is_that_of_the_self_edit() -> None:
    assert stretched("updates").settings == {"steps": 12}
    assert stretched("updates").sequences == plan(PASSAGE).sequences


def test_with_both_as_many_sequences_are_filled_with_sentences_of_the_passage() -> None:
    found = stretched("both")
    assert found.settings == {"steps": 12}
    assert len(found.sequences) == 3
    sentences = {sentence.strip(".") for sentence in PASSAGE.split(". ")}
    for sequence in found.sequences:
        title, _, body = sequence.text.partition("\n")
        assert title == "Copbury"
        assert {sentence.strip(".") for sentence in body.split(". ")} <= sentences


@pytest.mark.parametrize("n_sequences", [1, 4, 30])
def test_filled_batches_are_about_as_long_as_those_of_the_self_edit(n_sequences: int) -> None:
    like = plan(*["Ada lives in Ashby. Cora lives in Corby."] * n_sequences)
    filled = refilled(plan(PASSAGE), like, Random(1))
    lengths = [sum(len(sequence.text) for sequence in one.sequences) for one in (filled, like)]
    assert abs(lengths[0] - lengths[1]) <= len("Bruno lives in Belton. ")


def test_a_learning_rate_that_the_plan_asks_for_stays() -> None:
    own = plan(PASSAGE).with_settings({"learning_rate": 0.5})
    took = training(steps=1, tokens_per_step=1)
    found = matched(own, took, like=own, budget=took, match="tokens", random=Random(0))
    assert found.settings == {"learning_rate": 0.5, "steps": 1}


def test_what_failed_or_was_not_counted_is_no_budget() -> None:
    uncounted = Training(n_sequences=1, n_tokens=3, losses=(1.0,))
    counted = training(steps=2, tokens_per_step=3)
    outcomes = [
        Failure(reason="broke"),
        *(Evaluation(seed=0, training=one, verdicts=()) for one in (uncounted, counted)),
    ]
    assert training_of(outcomes) == counted
    assert training_of(outcomes[:2]) is None
