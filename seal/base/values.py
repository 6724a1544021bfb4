"""What the values of data files are as texts. Each kind of value has one text or none: nothing goes through `str`."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import singledispatch
from types import EllipsisType
from typing import Annotated, Any

from pydantic import BeforeValidator

from seal.base.json_text import parsed
from seal.base.printed import is_printed, read_back

_KINDS: Mapping[type, str] = {
    str: "a text",
    bytes: "bytes",
    dict: "an object",
    bool: "true or false",
    **dict.fromkeys((list, tuple, set), "a list"),
    **dict.fromkeys((int, float, Decimal), "a number"),
}
_MOST_DIGITS = 400
"""Longer numbers are nobody's answer, and would take memory to write down."""


@singledispatch
def text_of(value: object) -> str:
    """A value as text, stripped. A missing one (null, NaN, NaT) is empty; a whole number has no fraction.

    Raises:
        ValueError: it is of a kind that has no text of its own; the message goes on after the name of the value.
    """
    raise ValueError(f"is {kind_of(value)}, not a text")


@text_of.register
def _(value: None) -> str:
    return ""


@text_of.register
def _(value: str) -> str:
    return value.strip()


@text_of.register
def _(value: bool) -> str:
    return "true" if value else "false"  # as JSON writes it


@text_of.register
def _(value: int) -> str:
    return str(value)


@text_of.register
def _(value: float) -> str:
    return text_of(Decimal(repr(float(value))))


@text_of.register
def _(value: Decimal) -> str:
    if value.is_nan():
        return ""
    if not value.is_finite():
        raise ValueError(f"is {value}, not a number")
    if abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"is {value}, too long a number")
    return format(value.to_integral_value() if value == value.to_integral_value() else value, "f")


@text_of.register
def _(value: bytes | bytearray | memoryview) -> str:
    try:
        return bytes(value).decode().strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"is bytes that are no UTF-8: {bytes(value)[:20]!r}") from error


@text_of.register
def _(value: date) -> str:
    return value.isoformat()


@text_of.register
def _(value: datetime) -> str:
    return "" if value != value else value.isoformat(sep=" ")  # noqa: PLR0124  (pandas' NaT is not itself)


@text_of.register
def _(value: time) -> str:
    return value.isoformat()


@text_of.register
def _(value: EllipsisType) -> str:
    raise ValueError("was cut (...) when it was printed")


def words_of(value: object) -> str:
    """The same for what is in words, such as a passage: a list that was printed into a text is no text either.

    Raises:
        ValueError: as `text_of`, or it is such a list, or an object that Python printed. JSON may be meant as a text.
    """
    text = text_of(value)
    if not isinstance(value, str) or not is_printed(text) or (text.startswith("{") and _is_json(text)):
        return text
    try:
        found = read_back(text)
    except ValueError:
        return text
    if isinstance(found, (str, bytes)):
        return text_of(found)
    raise ValueError(f"is {kind_of(found)} that was printed into a text ({text:.40}), not a text")


def answers_of(value: object) -> tuple[str, ...]:
    """All accepted answers, the first one first: of a value, a list, or SQuAD's `{"text": [...]}` or `[{"text": …}]`,
    also where these were printed into a text. No answers are an empty list; an answer that says nothing is empty.

    Raises:
        ValueError: one is of a kind that is no answer, or it cannot be told whether there are several.
    """
    texts = _answers_in(_not_ambiguous(read_back(value)) if isinstance(value, str) else value)
    return tuple(dict.fromkeys(filter(None, texts))) or tuple(texts[:1])


def _answers_in(value: Any, *, within_list: bool = False) -> list[str]:
    if isinstance(value, Mapping):
        if "text" not in value:
            raise ValueError(f"is an object without text; it has {', '.join(map(str, value)) or 'nothing'}")
        return _answers_in(value["text"])
    if isinstance(value, (list, tuple, set)):
        if within_list:
            raise ValueError("has a list inside a list")
        return [text for each in value for text in _answers_in(each, within_list=True)]
    return [text_of(value)]


def _not_ambiguous(value: Any) -> Any:
    """`[0, 1]` in a text may be an interval or two answers; `[1990]` is 1990 either way.

    Raises:
        ValueError: it cannot be told which.
    """
    if isinstance(value, (list, tuple, set)) and len(value) > 1 and not any(map(_has_text, value)):
        raise ValueError(
            f'may be one answer or several: {value!r:.40}; write a list of texts, such as ["{value!r:.40}"]'
        )
    return value


def _has_text(value: Any) -> bool:
    if isinstance(value, (list, tuple, set)):
        return any(map(_has_text, value))
    return isinstance(value, (str, bytes, dict))


def _is_json(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def kind_of(value: object) -> str:
    """What a value is, in words."""
    name = type(value).__name__
    return "None" if value is None else _KINDS.get(type(value), f"{'an' if name[0] in 'aeiou' else 'a'} {name}")


def is_missing(value: object) -> bool:
    """Whether a value says that there is none: null, NaN, NaT."""
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is None or (isinstance(value, (float, datetime)) and value != value)  # noqa: PLR0124


def _flag(value: object) -> object:
    return False if is_missing(value) or value == "" else value


Words = Annotated[str, BeforeValidator(words_of)]
"""Text that a model or a person reads."""
Answers = Annotated[tuple[str, ...], BeforeValidator(answers_of)]
"""All accepted answers to a question; none where it has no answer."""
Flag = Annotated[bool, BeforeValidator(_flag)]
"""True or false, also as a text or a number says it; a missing one is false."""
