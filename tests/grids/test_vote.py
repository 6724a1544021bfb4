"""Which of many predictions become attempts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import permutations, product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.grids.grid import Grid
from seal.grids.views import SYMMETRIES
from seal.grids.vote import Prediction, vote
from tests.grids.values import golden, grid

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

Place = Callable[[tuple[Any, ...]], Any]
"""Where a grid, a row, a column or a shape stands in the order of every set."""


def predicted(**groups: list[Grid]) -> list[Prediction]:
    return [Prediction(one, inverse) for inverse, group in groups.items() for one in group]


@pytest.mark.parametrize("name", ["golden_vote.json", "golden_vote_2.json"])
def test_golden_attempts_are_those_that_some_order_gives_and_so_are_ours(reference: Path, name: str) -> None:
    for number, vector in enumerate(golden(reference, name)):
        predictions = [Prediction(Grid.of(each["grid"]), INVERSES[each["inverter"]]) for each in vector["predictions"]]
        as_published = {Grid.of(cells).rows for cells in vector["attempts"]}
        assert as_published in by_rule(predictions, some_orders()), number
        assert ours(predictions) in by_rule(predictions, some_orders()), number


SMALL = [grid("00"), grid("01"), grid("10"), grid("11")]
"""Every grid of this shape in two colours, so that no majority is another one."""
FEW = st.lists(st.builds(Prediction, st.sampled_from(SMALL), st.sampled_from(SYMMETRIES)), min_size=1, max_size=8)
MIXED = [*SMALL, A, B, C, grid("34", "12"), grid("1")]
MANY = st.lists(st.builds(Prediction, st.sampled_from(MIXED), st.sampled_from(SYMMETRIES)), min_size=1, max_size=12)


@settings(max_examples=30)
@given(FEW)
def test_attempts_are_among_those_that_the_published_rule_gives_in_some_order(predictions: list[Prediction]) -> None:
    assert ours(predictions) in by_rule(predictions, all_orders())


@settings(max_examples=30)
@given(MANY)
def test_they_are_so_for_grids_of_several_shapes(predictions: list[Prediction]) -> None:
    assert ours(predictions) in by_rule(predictions, some_orders())


@settings(max_examples=30)
@given(MANY, st.integers())
def test_attempts_do_not_depend_on_the_order_of_predictions(predictions: list[Prediction], seed: int) -> None:
    assert vote(Random(seed).sample(predictions, len(predictions))) == vote(predictions)


@settings(max_examples=30)
@given(MANY)
def test_the_table_has_the_attempts_and_then_every_other_candidate(predictions: list[Prediction]) -> None:
    result = vote(predictions)
    n_attempts, n_groups = len(result.attempts), 1 + len({each.inverse for each in predictions} - {"rotate_90"})
    assert tuple(one for one, _ in result.table[:n_attempts]) == result.attempts
    assert 1 <= n_attempts == len({*result.attempts}) <= 2
    counts = [count for _, count in result.table]
    assert counts[n_attempts:] == sorted(counts[n_attempts:], reverse=True)
    assert sum(counts) == 3 * n_groups


def test_all_predictions_vote_beside_those_of_each_inverse() -> None:
    result = vote(predicted(identity=[A, A, A], transpose=[B, B, B, C, C]))
    assert result.attempts == (A, B)
    assert sum(dict(result.table).values()) == 9


def test_what_rotate_90_mapped_back_counts_among_all_only() -> None:
    of_its_own = vote(predicted(identity=[A, A], rotate_270=[B]))
    among_all = vote(predicted(identity=[A, A], rotate_90=[B]))
    assert sum(dict(of_its_own.table).values()) == 9
    assert sum(dict(among_all.table).values()) == 6


def test_the_majority_of_rows_can_be_an_attempt_though_nobody_predicted_it() -> None:
    result = vote(predicted(rotate_90=[grid("01", "22", "33"), grid("11", "02", "33"), grid("11", "22", "03")]))
    assert result.attempts[1] == grid("11", "22", "33")


def test_of_two_equally_frequent_grids_both_are_attempted() -> None:
    assert set(vote(predicted(identity=[A, A, C, C])).attempts) == {A, C}
    assert set(vote(predicted(transpose=[B, C])).attempts) == {B, C}


def test_nothing_predicted_is_nothing_attempted() -> None:
    assert vote([]).attempts == ()
    assert vote([]).table == ()


def ours(predictions: Sequence[Prediction]) -> set[tuple[Any, ...]]:
    return {attempt.rows for attempt in vote(predictions).attempts}


def all_orders() -> Iterator[Place]:
    """Every order of the sets that can occur among the small grids."""
    columns = [(0,), (1,)]
    rows = [one.rows[0] for one in SMALL]
    for orders in product(*(permutations(of_one_kind) for of_one_kind in ([(row,) for row in rows], rows, columns))):
        yield {one: place for order in orders for place, one in enumerate(order)}.get


def some_orders() -> Iterator[Place]:
    for seed in range(2000):
        yield defaultdict(Random(seed).random).__getitem__


def by_rule(predictions: Sequence[Prediction], orders: Iterable[Place]) -> Iterator[set[tuple[Any, ...]]]:
    """The attempts that the published rule gives, order by order. Written from its description, apart from the code."""
    names = ["identity", "transpose", "flip_vertical", "flip_horizontal", "rotate_180", "rotate_270"]
    groups = [[each.grid.rows for each in predictions if each.inverse == name] for name in names]
    everything = [each.grid.rows for each in predictions]
    for place in orders:
        sent = [one for group in (everything, *groups) if group for one in _three(group, place)]
        first, second, third = _three(sent, place)
        is_third = sent.count(second) == sent.count(third) and groups[0].count(second) <= groups[0].count(third)
        yield {first, third if is_third else second}


def _three(group: Sequence[tuple[Any, ...]], place: Place) -> list[tuple[Any, ...]]:
    order = sorted(set(group), key=place)
    first = next(one for one in order if group.count(one) == max(map(group.count, order)))
    rising = [one for count in range(1, len(group) + 1) for one in order if group.count(one) == count]
    second, third = ([first, first, *rising][-back] if len(rising) >= back else first for back in (2, 3))
    turned = [tuple(zip(*one, strict=True)) for one in group]
    rows, columns = _majority(group, place), tuple(zip(*_majority(turned, place), strict=True))
    if second == first:
        second = columns if rows == first else rows
    if third in (first, second):
        third = columns if rows in (first, second) else rows
    return [first, second, third]


def _majority(group: Sequence[tuple[Any, ...]], place: Place) -> tuple[Any, ...]:
    shape = _most_frequent([(len(one), len(one[0])) for one in group], place)
    same = [one for one in group if (len(one), len(one[0])) == shape]
    return tuple(_most_frequent(rows, place) for rows in zip(*same, strict=True))


def _most_frequent(values: Sequence[tuple[Any, ...]], place: Place) -> tuple[Any, ...]:
    counts = Counter(values)
    return min(counts, key=lambda one: (-counts[one], place(one)))
