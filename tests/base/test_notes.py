"""Notes that name things one by one."""

import pickle

import pytest

from seal.base.notes import Note, behind, in_full, is_cut


def test_up_to_three_things_are_named() -> None:
    note = Note("2 rows repeat another", [3, 7], of="rows ")
    assert note == "2 rows repeat another: rows 3, 7"
    assert not is_cut(note)
    assert in_full([note, "plain"]) == ""


def test_of_more_the_first_three_are_named_the_rest_is_counted_and_all_are_kept() -> None:
    note = Note("1,200 rows repeat another", range(1200), of="rows ")
    assert note == "1,200 rows repeat another: rows 0, 1, 2 and 1,197 more"
    assert is_cut(note)
    full = in_full([note, "plain", Note("few", [1])]).splitlines()
    assert full[0] == "1,200 rows repeat another (1,200):"
    assert [line.strip() for line in full[1:]] == [f"rows {number}" for number in range(1200)]


def test_things_with_commas_are_told_apart() -> None:
    assert Note("several ids", ["a, b", "c, d"]) == "several ids: a, b; c, d"


@pytest.mark.parametrize("note", ["plain", Note("rows", range(9))])
def test_words_in_front_leave_a_note_what_it_is(note: str) -> None:
    told = behind("a.json: ", note)
    assert told == f"a.json: {note}"
    assert is_cut(told) == is_cut(note)


def test_a_note_survives_the_way_to_another_process() -> None:
    note = Note("rows", range(9))
    again = pickle.loads(pickle.dumps(note))
    assert (again, again.items) == (note, note.items)
