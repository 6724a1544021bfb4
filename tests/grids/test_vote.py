"""Which of many predictions become attempts."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from seal.grids.grid import Grid
from seal.grids.views import SYMMETRIES
from seal.grids.vote import Prediction, vote
from tests.grids.values import golden, grid, grids

INVERSES = {
    None: "identity",
    "Transpose()": "transpose",
    "Flip(0)": "flip_vertical",
    "Flip(1)": "flip_horizontal",
    "Rotate(90)": "rotate_90",
    "Rotate(180)": "rotate_180",
    "Rotate(270)": "rotate_270",
}
A, B, C = grid("12", "34"), grid("12", "35"), grid("02", "34")


def predicted(**groups: list[Grid]) -> list[Prediction]:
    return [Prediction(one, inverse) for inverse, group in groups.items() for one in group]


def test_attempts_equal_the_golden_vectors(reference: Path) -> None:
    for number, vector in enumerate(golden(reference, "golden_vote.json")):
        predictions = [Prediction(Grid.of(each["grid"]), INVERSES[each["inverter"]]) for each in vector["predictions"]]
        assert [attempt.lists() for attempt in vote(predictions).attempts] == vector["attempts"], number


def test_a_group_that_agrees_has_three_votes() -> None:
    result = vote(predicted(identity=[A], transpose=[B, B, B, C]))
    assert dict(result.table) == {A: 3, B: 2, C: 1}
    assert result.attempts == (A, B)


def test_the_majority_of_a_group_has_its_third_vote_and_of_two_equals_neither() -> None:
    assert dict(vote(predicted(identity=[A, A, B])).table) == {A: 2, B: 1}
    assert dict(vote(predicted(identity=[A, B])).table) == {A: 1, B: 1}


def test_a_group_sends_the_three_most_frequent_and_usual_rows_break_ties() -> None:
    lone, both = grid("77", "77"), grid("12", "34")
    result = vote(predicted(identity=[lone, B, C, both]))
    assert set(dict(result.table)) == {B, C, both}
    assert result.attempts[0] == both


def test_predictions_of_different_sizes_are_counted_apart() -> None:
    result = vote(predicted(identity=[A, A, grid("1")], rotate_180=[grid("1"), A]))
    assert result.table == ((A, 3), (grid("1"), 2))


def test_nothing_predicted_is_nothing_attempted() -> None:
    assert vote([]).attempts == ()
    assert vote([]).table == ()


@given(st.lists(st.builds(Prediction, grids(longest=2), st.sampled_from(SYMMETRIES))))
def test_attempts_are_different_and_head_the_table(predictions: list[Prediction]) -> None:
    result = vote(predictions)
    assert result.attempts == tuple(one for one, _ in result.table[:2])
    counts = [count for _, count in result.table]
    assert counts == sorted(counts, reverse=True)
    assert {each.grid for each in predictions} >= set(dict(result.table))
    assert bool(result.attempts) == bool(predictions)
