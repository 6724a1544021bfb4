"""Published forms of files: what each is recognised by, and what a row of it says.

A form knows its own columns only. Rows come from `seal.task.rows`; contexts are made elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from seal.task.column_types import unprinted
from seal.task.questions import Asked
from seal.task.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a row says."""

    title: str = ""
    passage: str = ""
    """What is to be learned; empty where the set only asks."""
    questions: tuple[Asked, ...] = ()
    left_out: tuple[str, ...] = ()
    """Why questions of the row are left out: a reason for each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A published form."""

    name: str
    columns: tuple[str, ...]
    """What tells it from the others: columns of a row, and with dots the keys of objects in them. Of a list the first
    element counts."""
    row: type
    """The declared types of a row. Columns beside these are ignored."""
    said: Callable[[Any], Said]
    """What a row of these types says. It raises a ValueError about a value that makes no sense."""
    flat: bool = True
    """Whether a row is one question, so that rows of one passage are expected."""
    only_asks: bool = False
    """Whether there is no passage. Then a row with other columns too is not taken for this form."""

    def read(self, row: Row) -> Said:
        """What a row says.

        Raises:
            ValidationError: a value is missing, or of a kind that nobody expected.
            ValueError: a value makes no sense.
        """
        return self.said(_types_of(self.row).validate_python(dict(row)))

    def fits(self, row: Row) -> bool:
        """Whether a row looks like one of this form."""
        return not self.lacking(row) and not (self.only_asks and {*row} - {*self.columns})

    def lacking(self, row: Row) -> list[str]:
        """Those of its columns that a row does not have."""
        return [path for path in self.columns if not _has(row, path.split("."))]


@cache
def _types_of(row: type) -> TypeAdapter[Any]:
    return TypeAdapter(row)


def questions(*asked: tuple[str, Iterable[str], str]) -> tuple[Asked, ...]:
    """Questions with their answers and kinds; without those that the row leaves empty."""
    found = (Asked(question, tuple(filter(None, answers)), kind) for question, answers, kind in asked)
    return tuple(each for each in found if each.question and each.answers)


def joined(titles: Iterable[str]) -> str:
    """The title of what is put together of several."""
    return "; ".join(dict.fromkeys(filter(None, titles)))


def _has(value: Any, path: list[str]) -> bool:
    for name in path:
        try:
            value = unprinted(value)
        except ValueError:
            return False
        if isinstance(value, (list, tuple)) and value:
            value = value[0]
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True
