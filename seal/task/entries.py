"""What rows say, whatever their columns are called: a passage, its title, its questions.

A row is a passage with a list of questions; or, in flat files, a row is one question with its answer, and rows with
the same passage belong together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seal.errors import FAULTS_SHOWN, DataError, fault_of_text, listed
from seal.task.rows import Row

_KINDS: Mapping[type, str] = {str: "a text", list: "a list", dict: "an object"}


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
    questions: tuple[tuple[str, str], ...]
    """Each with its answer."""
    n_unanswerable: int
    """Questions beside these that the passage does not answer, as SQuAD 2 has them (arXiv 1806.03822)."""
    flat: bool
    """Whether the row is one question of its passage."""
    columns: tuple[str, ...]
    """All that the row has."""
    keys: tuple[str, ...]
    """All that its questions have."""
    faults: tuple[tuple[str, str], ...]
    """What is wrong with it, each with the name of the part."""


def read(rows: Iterable[tuple[int, Row]], columns: Columns, *, key: str, source: str) -> list[Entry]:
    """Every numbered row of a source. `key` is the setting that names the source.

    Raises:
        DataError: with the rows of all faults.
    """
    entries = [read_entry(number, row, columns) for number, row in rows]
    found = list(faults(entries, columns))
    if found:
        raise DataError(listed(f"{key}: {source} has faults:", found))
    return entries


def read_entry(number: int, row: Row, columns: Columns) -> Entry:
    """What a row says; whatever is missing or of the wrong kind is left empty, and is among its faults."""
    flat = columns.question in row
    given = [row] if flat else first(row, columns.questions) or []
    asked = given if isinstance(given, list) else []
    answerable = [each for each in asked if not _is_unanswerable(each, columns)]
    return Entry(
        row=number,
        title=_text(row.get(columns.title)),
        text=_text(first(row, columns.passage)),
        questions=tuple(_pair(each, columns) for each in answerable),
        n_unanswerable=len(asked) - len(answerable),
        flat=flat,
        columns=tuple(row),
        keys=tuple(dict.fromkeys(key for each in asked if isinstance(each, Mapping) for key in each)),
        faults=tuple(_faults(row, given, answerable, columns)),
    )


def faults(entries: Sequence[Entry], columns: Columns) -> Iterator[str]:
    """What is wrong: columns that no row has, once; and each row's own faults."""
    nowhere = [
        *_nowhere(("title", "passage"), [entry.columns for entry in entries], columns),
        *_nowhere(("question", "answer"), [entry.keys for entry in entries if entry.keys], columns),
    ]
    yield from (_no_column(what, there, columns) for what, there in nowhere)
    named = {what for what, _ in nowhere}
    for entry in entries:
        yield from (f"row {entry.row}: {fault}" for what, fault in entry.faults if what not in named)


def _nowhere(
    needed: Sequence[str], seen: Sequence[Sequence[str]], columns: Columns
) -> Iterator[tuple[str, Sequence[str]]]:
    """What has no column in any row, and the columns that there are."""
    there = list(dict.fromkeys(column for each in seen for column in each))
    yield from ((what, there) for what in needed if seen and not {*columns.of(what)} & {*there})


def _no_column(what: str, there: Sequence[str], columns: Columns) -> str:
    value = "…" if isinstance(getattr(columns, what), str) else "[…]"
    way_out = f": say task.{what}={value}" if columns.are_settings else ""
    names = " or ".join(columns.of(what))
    return f"no {what}: nothing is called {names} in any row; there is {', '.join(there)}{way_out}"


def _faults(row: Row, given: Any, answerable: Sequence[Any], columns: Columns) -> Iterator[tuple[str, str]]:
    """What is wrong with a row, each with the name of its part."""
    for what in ("title", "passage"):
        value = first(row, columns.of(what))
        if isinstance(value, (Mapping, list)):
            yield what, f"{what} is {_kind(value)}, not a text"
        elif not _text(value):
            yield what, f"no {what} (column {' or '.join(columns.of(what))})"
        elif fault := fault_of_text(_text(value)):
            yield what, f"{what}: {fault}"
    if not isinstance(given, list):
        keys = f'{{"{columns.question}", "{columns.answer[0]}"}}'
        yield "questions", f"questions is {_kind(given)}, not a list of {keys}"
    for number, each in enumerate(answerable, start=1):
        yield from ((what, f"question {number}{fault}") for what, fault in _faults_of_question(each, columns))


def _faults_of_question(asked: Any, columns: Columns) -> Iterator[tuple[str, str]]:
    if not isinstance(asked, Mapping):
        yield "questions", f" is {_kind(asked)}, not an object"
        return
    question, answer = _pair(asked, columns)
    there = f"; there is {', '.join(asked)}"
    if not question:
        yield "question", f" has no text (it is called {columns.question}{'' if columns.question in asked else there})"
    elif not {*columns.answer} & {*asked}:
        yield "answer", f" ('{question[:40]}') has no answer (it is called {' or '.join(columns.answer)}{there})"
    elif not answer:
        yield "answer", f" ('{question[:40]}') has an empty answer"
    elif fault := fault_of_text(question + answer):
        yield "question", f": {fault}"


def asked_once(entries: Sequence[Entry]) -> tuple[list[Entry], tuple[str, ...]]:
    """The entries without flat rows that repeat a question of their passage with its answer; and notes on these, and on
    questions with several answers."""
    rows_of: dict[tuple[str, str], dict[str, list[int]]] = {}
    for entry in entries:
        for question, answer in entry.questions:
            rows_of.setdefault((entry.text, question), {}).setdefault(answer, []).append(entry.row)
    repeated = {
        entry.row
        for entry in entries
        for question, answer in entry.questions
        if entry.flat and rows_of[entry.text, question][answer][0] != entry.row
    }
    disputed = [
        f"rows {_enumerated([rows[0] for rows in answers.values()])} ({', '.join(map(repr, answers))})"
        for answers in rows_of.values()
        if len(answers) > 1
    ]
    said = []
    if repeated:
        rows = _enumerated(sorted(repeated))
        said.append(f"{len(repeated)} rows repeat a question with its answer, which counts once: rows {rows}")
    if disputed:
        said.append(f"{len(disputed)} questions of a passage have several answers, all kept: {_enumerated(disputed)}")
    return [entry for entry in entries if entry.row not in repeated], tuple(said)


def one_a_passage(entries: Sequence[Entry]) -> list[Entry]:
    """Each passage once, with the questions of all of its rows."""
    passages: dict[str, list[Entry]] = {}
    for entry in entries:
        passages.setdefault(entry.text, []).append(entry)
    return [replace(rows[0], questions=_gathered(rows)) for rows in passages.values()]


def _gathered(rows: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """The questions of rows of one passage; what a list of questions repeats of an earlier row is left out."""
    questions = [*rows[0].questions]
    for row in rows[1:]:
        known = set() if row.flat else {*questions}
        questions += [pair for pair in row.questions if pair not in known]
    return tuple(questions)


def notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What was done about passages that occur several times, with the rows, and about questions without an answer."""
    title_of: dict[str, str] = {}
    repeated, retitled = [], []
    for entry in entries:
        if entry.text in title_of and not entry.flat:
            repeated.append(entry.row)
        elif entry.title != title_of.setdefault(entry.text, entry.title):
            retitled.append(entry.row)
    found = (
        (repeated, "rows repeat an earlier passage, which has their questions now"),
        (retitled, "rows have an earlier passage under another title; the first title is kept"),
    )
    n_unanswerable = sum(entry.n_unanswerable for entry in entries)
    left_out = (f"{n_unanswerable} questions that their passage does not answer were left out",)
    return (
        *(f"{len(rows)} {what}: rows {_enumerated(rows)}" for rows, what in found if rows),
        *(left_out if n_unanswerable else ()),
    )


def why_unasked(entries: Sequence[Entry], columns: Columns) -> str | None:
    """Where no row has questions: what these are looked for under, and what there is."""
    if any(entry.keys for entry in entries):
        return None
    there = dict.fromkeys(column for entry in entries for column in entry.columns)
    empty = [column for column in columns.questions if column in there]
    if empty:
        return f"no row has any: {' and '.join(empty)} is there, and empty in every row"
    return (
        f"no row has any, neither a list ({' or '.join(columns.questions)}) nor one in each row ({columns.question}); "
        f"there is {', '.join(there)}: task.questions=[…] and task.question=… say what they are called"
    )


def first(row: Row, names: Sequence[str]) -> Any:
    """The value of the first of some columns that a row has."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def _enumerated(rows: Sequence[object]) -> str:
    return ", ".join(map(str, rows[:FAULTS_SHOWN])) + (" …" if len(rows) > FAULTS_SHOWN else "")


def _is_unanswerable(question: Any, columns: Columns) -> bool:
    """Whether SQuAD 2 says so, by a flag or, on the hub, by an empty list of answers."""
    if not isinstance(question, Mapping):
        return False
    answers = first(question, columns.answer)
    texts = answers.get("text") if isinstance(answers, Mapping) else answers
    return question.get("is_impossible") is True or texts == []


def _pair(asked: Any, columns: Columns) -> tuple[str, str]:
    """A question and its answer; both are empty where it is no object."""
    if not isinstance(asked, Mapping):
        return "", ""
    return _text(asked.get(columns.question)), _answer(first(asked, columns.answer))


def _kind(value: Any) -> str:
    """What a value is, in words."""
    return _KINDS.get(type(value), repr(value))


def _answer(value: Any) -> str:
    """An answer, or the first of several, also in SQuAD's forms `{"text": [...]}` and `[{"text": …}]`."""
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _answer(value[0]) if value else ""
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as JSON writes it
    return "" if value is None or isinstance(value, (Mapping, list)) else str(value).strip()
