"""Rows of a published form become entries, with every fault named by its row and column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from seal.base.notes import Note
from seal.base.values import kind_of
from seal.errors import DataError, listed
from seal.task.formats import Format, Said
from seal.task.parts import Entry
from seal.task.rows import Row

_NOT_OF_KIND = {"dataclass_type": "an object", "dict_type": "an object", "tuple_type": "a list", "list_type": "a list"}


def read(rows: Iterable[tuple[int, Row]], form: Format, *, key: str, source: str) -> tuple[list[Entry], list[str]]:
    """The numbered rows that say something to learn or to ask, and notes on what was left out.

    Raises:
        DataError: with the rows and columns of all faults; or nothing is left.
    """
    entries: list[Entry] = []
    left_out: dict[str, list[int]] = {}
    found: list[str] = []
    for number, row in rows:
        try:
            said = form.read(row)
        except ValidationError as error:
            found += [f"row {number}: {fault}" for fault in _faults(error)]
        except ValueError as error:
            found.append(f"row {number}: {error}")
        else:
            for reason in said.left_out:
                left_out.setdefault(reason, []).append(number)
            if said.questions:
                entries.append(_entry(number, said, row, form))
    if found:
        raise DataError(listed(f"{key}: {source}, read as {form.name}, has faults:", found))
    notes: list[str] = [_note(reason, numbers) for reason, numbers in left_out.items()]
    if not entries:
        raise DataError(listed(f"{key}: of {source}, read as {form.name}, nothing is left:", notes))
    return entries, notes


def _entry(number: int, said: Said, row: Row, form: Format) -> Entry:
    """A passage without a title is called by its row, so that no two have the same title."""
    return Entry(
        row=number,
        title=said.title or (f"passage {number}" if said.passage else ""),
        text=said.passage,
        questions=said.questions,
        n_unanswerable=0,
        flat=form.flat,
        columns=tuple(row),
        keys=tuple(row),
        faults=(),
    )


def _note(reason: str, rows: Sequence[int]) -> Note:
    return Note(f"{len(rows)} {reason}", dict.fromkeys(rows), of="rows ")


def _faults(error: ValidationError) -> Iterator[str]:
    """What is wrong with each value that was declared, and where it stands in the row."""
    for each in error.errors(include_url=False):
        yield f"{_place(each['loc'])} {_fault(each)}"


def _place(path: Sequence[int | str]) -> str:
    """A column, and what in it: list elements count from 1."""
    column, *inside = path
    parts = [f"item {part + 1}" if isinstance(part, int) else part for part in inside]
    return ", ".join([f"column {column}", *parts])


def _fault(each: Mapping[str, Any]) -> str:
    if each["type"] == "missing":
        return "is missing"
    if wanted := _NOT_OF_KIND.get(each["type"]):
        return f"is {kind_of(each['input'])}, not {wanted}"
    return str(each.get("ctx", {}).get("error", each["msg"]))
