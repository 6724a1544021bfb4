"""The types that columns of files are declared with. Nothing goes through `str`, and nothing is evaluated."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from seal.base.printed import read_back
from seal.base.values import Answers, Words, is_missing, kind_of, text_of
from seal.errors import fault_of_text


def _whole(text: str) -> str:
    if fault := fault_of_text(text):
        raise ValueError(f"has a fault: {fault}")
    return text


def _given(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return _whole(text)


def _all_whole(answers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_whole, answers))


def _answered(answers: tuple[str, ...]) -> tuple[str, ...]:
    if not any(answers):
        raise ValueError("is empty")
    return _all_whole(answers)


def unprinted(value: Any) -> Any:
    """A list or object, also where it was printed into a text."""
    return read_back(value) if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    """A list. `datasets` 3 has a list of objects as an object of lists."""
    value = unprinted(value)
    if isinstance(value, Mapping) and value and all(isinstance(column, (list, tuple)) for column in value.values()):
        if len({len(column) for column in value.values()}) > 1:
            raise ValueError("is an object of lists of different lengths")
        return [dict(zip(value, each, strict=True)) for each in zip(*value.values(), strict=True)]
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"is {kind_of(value)}, not a list")
    return value


def _listed_or_none(value: Any) -> Any:
    return [] if is_missing(value) or value == "" else _listed(value)


def _object(value: Any) -> Any:
    value = unprinted(value)
    if not isinstance(value, Mapping):
        raise ValueError(f"is {kind_of(value)}, not an object")
    return value


def _object_or_none(value: Any) -> Any:
    return {} if is_missing(value) or value == "" else _object(value)


def _whole_number(value: Any) -> Any:
    if is_missing(value):
        return None
    text = "" if isinstance(value, bool) else text_of(value)
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"is {kind_of(value)}, not a whole number")
    return int(text)


Text = Annotated[Words, AfterValidator(_given)]
"""Words that have to be there."""
Perhaps = Annotated[Words, AfterValidator(_whole)]
"""Words that may be missing; then empty."""
Accepted = Annotated[Answers, AfterValidator(_answered)]
"""One answer or several, all of which are right."""
Answered = Annotated[Answers, AfterValidator(_all_whole)]
"""The same; they may be missing."""
AsList = BeforeValidator(_listed)
"""A list, however it was written."""
AsListOrNone = BeforeValidator(_listed_or_none)
"""The same; a missing one is empty."""
AsObject = BeforeValidator(_object)
"""An object, also where it was printed into a text."""
AsObjectOrNone = BeforeValidator(_object_or_none)
"""The same; a missing one is empty."""
WholeNumber = Annotated[int | None, BeforeValidator(_whole_number)]
"""A whole number, which true and false are not. A missing one is None."""
