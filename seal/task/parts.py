"""What one row says: a passage with its title and its questions, read into declared types (see `seal.base.values`).

Whatever is missing, or of a kind that nobody expected, is a fault with its part and its column.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as declared

from seal.base.printed import read_back
from seal.base.values import Answers, Flag, Words, is_missing, kind_of
from seal.errors import fault_of_text
from seal.task.column_types import AsListOrNone
from seal.task.options import fault_of_options, numbered
from seal.task.questions import Asked
from seal.task.rows import Row

Fault = tuple[str, str]
"""The part that is wrong, and what is wrong with it."""


@declared(frozen=True)
class _Passage:
    title: Words
    passage: Words


@declared(frozen=True)
class _Question:
    question: Words
    answer: Answers
    is_impossible: Flag
    """As SQuAD 2 says it."""
    kind: Words
    options: Annotated[tuple[Words, ...], AsListOrNone]


_PASSAGE, _QUESTION = TypeAdapter(_Passage), TypeAdapter(_Question)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where things stand in a row."""

    title: str
    passage: tuple[str, ...]
    """The first of these that a row has."""
    questions: tuple[str, ...]
    """The first of these that a row has, if it has one."""
    question: str
    """Of flat files; and the key in a list of questions."""
    answer: tuple[str, ...]
    """The first of these that a flat row, or a question of a list, has."""
    kind: str
    """Of the kind of a question, in a flat row or a question of a list. Files need not have it."""
    options: str
    """The same for the options of a question of multiple choice."""
    are_settings: bool
    """Whether the user may say what they are called."""

    def of(self, what: str) -> tuple[str, ...]:
        """The names of a title, a passage, …"""
        names = getattr(self, what)
        return (names,) if isinstance(names, str) else tuple(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row, read."""

    row: int
    title: str
    text: str
    questions: tuple[Asked, ...]
    n_unanswerable: int
    """Questions beside these that the passage does not answer, as SQuAD 2 has them (arXiv 1806.03822)."""
    flat: bool
    """Whether the row is one question of its passage."""
    columns: tuple[str, ...]
    """All that the row has."""
    keys: tuple[str, ...]
    """All that its questions have."""
    faults: tuple[Fault, ...]
    """What is wrong with it, each with the name of the part."""


def read_entry(number: int, row: Row, columns: Columns) -> Entry:
    """What a row says; whatever is missing or of the wrong kind is left empty, and is among its faults."""
    flat = columns.question in row
    passage, faults = _read_passage(row, columns)
    given, of_list = ([row], ()) if flat else _questions(first(row, columns.questions), columns)
    read = [_read_question(each, columns) for each in given]
    answerable = [(each, found) for each, found in zip(given, read, strict=True) if not _is_unanswerable(found)]
    of_questions = (
        (what, f"question {place}{fault}")
        for place, (each, found) in enumerate(answerable, start=1)
        for what, fault in _faults_of_question(each, found, columns)
    )
    return Entry(
        row=number,
        title=passage.title,
        text=passage.passage,
        questions=tuple(
            Asked(each.question, _chosen(each), each.kind, each.options)
            for _, each in answerable
            if isinstance(each, _Question)
        ),
        n_unanswerable=len(given) - len(answerable),
        flat=flat,
        columns=tuple(row),
        keys=tuple(dict.fromkeys(key for each in given if isinstance(each, Mapping) for key in each)),
        faults=(*faults, *of_list, *of_questions),
    )


def _read_passage(row: Row, columns: Columns) -> tuple[_Passage, list[Fault]]:
    """Title and passage, and what is wrong with them."""
    given = {what: first(row, columns.of(what)) for what in ("title", "passage")}
    try:
        passage = _PASSAGE.validate_python(given)
    except ValidationError as error:
        faults = [(what, f"{what} {fault} ({_column(row, columns, what)})") for what, fault in _by_part(error).items()]
        return _Passage(title="", passage=""), faults
    return passage, list(_faults_of_passage(passage, columns))


def _faults_of_passage(passage: _Passage, columns: Columns) -> Iterator[Fault]:
    for what, text in (("title", passage.title), ("passage", passage.passage)):
        if not text:
            yield what, f"no {what} (column {' or '.join(columns.of(what))})"
        elif fault := fault_of_text(text):
            yield what, f"{what}: {fault}"


def _questions(given: Any, columns: Columns) -> tuple[Sequence[Any], Sequence[Fault]]:
    """The questions of a list, also where it was printed into a text, and what is wrong with the list."""
    try:
        found = read_back(given) if isinstance(given, str) else given
    except ValueError as error:
        return [], [("questions", f"questions {error} (column {' or '.join(columns.questions)})")]
    if is_missing(found) or found == "":
        return [], []
    if not isinstance(found, (list, tuple)):
        keys = f'{{"{columns.question}", "{columns.answer[0]}"}}'
        return [], [("questions", f"questions is {kind_of(found)}, not a list of {keys}")]
    return found, []


def _read_question(asked: Any, columns: Columns) -> "_Question | ValidationError | None":
    """A question, or what is wrong with its values; None where it is no object."""
    if not isinstance(asked, Mapping):
        return None
    try:
        return _QUESTION.validate_python(
            {
                "question": asked.get(columns.question),
                "answer": first(asked, columns.answer),
                "is_impossible": asked.get("is_impossible"),
                "kind": asked.get(columns.kind),
                "options": asked.get(columns.options),
            }
        )
    except ValidationError as error:
        return error


def _faults_of_question(asked: Any, found: "_Question | ValidationError | None", columns: Columns) -> Iterator[Fault]:
    if found is None:
        yield "questions", f" is {kind_of(asked)}, not an object"
    elif isinstance(found, ValidationError):
        for what, fault in _by_part(found).items():
            column = what if what == "is_impossible" else _column(asked, columns, what)
            yield what, f": {what} {fault} ({column})"
    else:
        yield from _faults_of_text(asked, found, columns)


def _faults_of_text(asked: Row, found: _Question, columns: Columns) -> Iterator[Fault]:
    there = f"; there is {', '.join(asked)}"
    question = found.question
    if not question:
        yield "question", f" has no text (it is called {columns.question}{'' if columns.question in asked else there})"
    elif not {*columns.answer} & {*asked}:
        yield "answer", f" ('{question[:40]}') has no answer (it is called {' or '.join(columns.answer)}{there})"
    elif not any(found.answer):
        yield "answer", f" ('{question[:40]}') has an empty answer ({_column(asked, columns, 'answer')})"
    elif found.options and (fault := fault_of_options(found.options)):
        yield "options", f" ('{question[:40]}') {fault} (column {columns.options})"
    elif found.options and not {*_chosen(found)} <= {*found.options}:
        said = f"the answer '{found.answer[0][:40]}', which is none of its options, nor the letter of one"
        yield "answer", f" ('{question[:40]}') has {said} ({_column(asked, columns, 'answer')})"
    elif fault := fault_of_text("".join((question, *found.answer, found.kind, *found.options))):
        yield "question", f": {fault}"


def _chosen(found: _Question) -> tuple[str, ...]:
    """The answers; where there are options, their texts, also where an answer is a letter."""
    places = {answer: numbered(answer, len(found.options)) for answer in found.answer if answer not in found.options}
    return tuple(
        found.options[place] if (place := places.get(answer)) is not None else answer for answer in found.answer
    )


def _by_part(error: ValidationError) -> dict[str, str]:
    """What is wrong with each part that was declared."""
    return {
        str(each["loc"][0]): str(each.get("ctx", {}).get("error", each["msg"]))
        for each in error.errors(include_url=False)
    }


def _column(row: Row, columns: Columns, what: str) -> str:
    """The column of a part, for messages."""
    names = columns.of(what)
    return f"column {next((name for name in names if not is_missing(row.get(name))), names[0])}"


def _is_unanswerable(found: _Question | ValidationError | None) -> bool:
    """Whether SQuAD 2 says so, by a flag or, on the hub, by an empty list of answers."""
    return isinstance(found, _Question) and (found.is_impossible or found.answer == ())


def first(row: Row, names: Sequence[str]) -> Any:
    """The value of the first of some columns that a row has."""
    return next((row[name] for name in names if not is_missing(row.get(name))), None)
