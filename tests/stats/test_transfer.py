"""What is kept: the summaries of a matrix, worked out by hand, and what is not known."""

import math

import pytest

from seal.stats.transfer import MEASURES, LearnedSequence, matrix

ASKED_AHEAD = LearnedSequence(base=(0.1, 0.2, 0.3), after=((0.8, 0.3, 0.3), (0.9, 0.7, 0.5), (0.4, 0.6, 1.0)))
SEEN_ONLY = LearnedSequence(base=ASKED_AHEAD.base, after=((0.8,), (0.9, 0.7), (0.4, 0.6, 1.0)))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("base_accuracy", 0.2),
        ("right_after", (0.8 + 0.7 + 1.0) / 3),
        ("final_accuracy", (0.4 + 0.6 + 1.0) / 3),
        ("net_gain", 2 / 3 - 0.2),
        ("backward_transfer", ((0.4 - 0.8) + (0.6 - 0.7)) / 2),
        ("forward_transfer", ((0.3 - 0.2) + (0.5 - 0.3)) / 2),
        ("forgetting", ((0.9 - 0.4) + (0.7 - 0.6)) / 2),
    ],
)
def test_the_measures_are_those_of_their_definitions(measure: str, expected: float) -> None:
    assert MEASURES[measure](ASKED_AHEAD) == pytest.approx(expected)


def test_only_forward_transfer_needs_things_asked_before_their_turn() -> None:
    for name, measure in MEASURES.items():
        if name == "forward_transfer":
            assert measure(SEEN_ONLY) is None
        else:
            assert measure(SEEN_ONLY) == measure(ASKED_AHEAD)


def test_cells_are_means_over_the_sequences_that_have_them() -> None:
    other = LearnedSequence(base=(0.3, None, 0.1), after=((0.4,), (0.5, 0.1)))
    found = matrix([SEEN_ONLY, other], n_failed=1)
    first, second = found.after[0][0], found.after[2][0]
    assert first
    assert second
    assert (first.mean, first.n) == (pytest.approx(0.6), 2)
    assert first.deviation == pytest.approx(math.sqrt(2) * 0.2)
    assert first.ci95 == (0.0, 1.0)
    assert (second.mean, second.n, second.ci95, second.deviation) == (0.4, 1, None, None)
    assert found.base[1]
    assert found.base[1].n == 1
    assert found.after[0][1] is None


def test_a_sequence_that_ended_early_is_in_no_measure_that_needs_its_end() -> None:
    broken = LearnedSequence(base=(0.3, 0.2, 0.1), after=((0.4,),))
    found = matrix([SEEN_ONLY, broken])
    n = {name: cell.n if cell else 0 for name, cell in found.measures.items()}
    assert n == {
        "base_accuracy": 2,
        "right_after": 1,
        "final_accuracy": 1,
        "net_gain": 1,
        "backward_transfer": 1,
        "forward_transfer": 0,
        "forgetting": 1,
    }


def test_an_unknown_accuracy_is_never_a_score() -> None:
    hidden = LearnedSequence(base=SEEN_ONLY.base, after=((0.8,), (None, 0.7), (0.4, 0.6, 1.0)))
    assert MEASURES["forgetting"](hidden) is None
    assert MEASURES["backward_transfer"](hidden) == MEASURES["backward_transfer"](SEEN_ONLY)


def test_the_deviation_is_over_all_sequences_at_once() -> None:
    """Two groups that agree within themselves and differ from one another: the mean of their deviations would be 0."""
    low, high = (LearnedSequence(base=(share, share), after=((share,), (share, share))) for share in (0.0, 1.0))
    found = matrix([low, low, high, high]).after[1][0]
    assert found
    assert found.deviation == pytest.approx(math.sqrt(1 / 3))
