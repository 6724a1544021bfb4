"""Units in batches, batches in chunks."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from seal.cluster.batches import batches_of, cut, to_do
from seal.work.fulfilling import in_lab
from tests.cluster.runs import lab_in, sleeping


def test_batches_hold_the_longest_first_whatever_is_known(tmp_path: Path) -> None:
    work = sleeping(per_batch=2)
    assert batches_of(in_lab(lab_in(tmp_path), work), [1, 5, 3]) == [[5, 3], [1]]


def test_a_batch_that_rounds_together_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    lab, known = lab_in(tmp_path), {"5", "2", "1"}
    assert to_do(in_lab(lab, sleeping(together=True)), [5, 3], known) == [5, 3]
    assert to_do(in_lab(lab, sleeping(together=True)), [2, 1], known) == []
    assert to_do(in_lab(lab, sleeping()), [5, 3], known) == [3]


def test_chunks_are_of_about_equal_cost() -> None:
    assert cut(sleeping(), [[10], [1], [1], [1]], n_chunks=2) == [[10], [1, 1, 1]]
    assert cut(sleeping(), [[1], [1], [1], [1]], n_chunks=2) == [[1, 1], [1, 1]]


def test_units_that_cost_nothing_known_are_counted_instead() -> None:
    assert cut(sleeping(), [[0, 0], [0, 0], [0], [0]], n_chunks=2) == [[0, 0, 0, 0], [0, 0]]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(1, 20))
def test_chunks_are_never_too_many_and_leave_nothing_out(costs: list[int], n_chunks: int) -> None:
    ordered = sorted(costs, reverse=True)
    chunks = cut(sleeping(), [[cost] for cost in ordered], n_chunks)
    assert [unit for chunk in chunks for unit in chunk] == ordered
    assert len(chunks) <= n_chunks
    assert all(chunks)
