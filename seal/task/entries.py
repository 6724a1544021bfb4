"""What rows say, whatever their columns are called: a passage, its title, its questions.

A row is a passage with a list of questions; or, in flat files, a row is one question, with columns `question` and
`answer` (or `answers`), and rows with the same passage belong together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seal.errors import FAULTS_SHOWN, DataError, fault_of_text, listed
from seal.task.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where things stand in a row."""

    title: str
    passage: tuple[str, ...]
    """The first of these that a row has."""
    questions: tuple[str, ...]
    """The first of these that a row has, if it has one."""


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


def read(rows: Iterable[tuple[int, Row]], columns: Columns, *, key: str, source: str) -> list[Entry]:
    """Every numbered row of a source. `key` is the setting that names the source.

    Raises:
        DataError: with the rows of all faults.
    """
    entries = [read_entry(number, row, columns) for number, row in rows]
    found = [f"row {entry.row}: {fault}" for entry in entries for fault in faults(entry, columns)]
    if found:
        raise DataError(listed(f"{key}: {source} has faults:", found))
    return entries


def read_entry(number: int, row: Row, columns: Columns) -> Entry:
    """What a row says; whatever is missing or of the wrong kind is left empty, for `faults` to name."""
    flat = "question" in row
    asked = [row] if flat else first(row, columns.questions) or []
    pairs = [_pair(each) for each in asked if not _is_unanswerable(each)]
    return Entry(
        row=number,
        title=_text(row.get(columns.title)),
        text=_text(first(row, columns.passage)),
        questions=tuple((_text(question), _answer(answer)) for question, answer in pairs),
        n_unanswerable=len(asked) - len(pairs),
        flat=flat,
        columns=tuple(row),
    )


def faults(entry: Entry, columns: Columns) -> Iterator[str]:
    """What is wrong with an entry."""
    there = f"the row has {', '.join(entry.columns)}"
    if not entry.title:
        yield f"no title (column '{columns.title}'; {there}: task.title=… is its name)"
    if not entry.text:
        yield f"no passage (column {' or '.join(columns.passage)}; {there}: task.passage=[…] is its name)"
    for number, (question, answer) in enumerate(entry.questions, start=1):
        if not question:
            yield f"question {number} has no text (it wants the keys 'question' and 'answer')"
        elif not answer:
            yield f"question {number} ('{question[:40]}') has an empty answer"
    texts = {"title": entry.title, "passage": entry.text}
    texts |= {f"question {number}": "".join(pair) for number, pair in enumerate(entry.questions, start=1)}
    yield from (f"{what}: {fault}" for what, text in texts.items() if (fault := fault_of_text(text)))


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


def first(row: Row, names: Sequence[str]) -> Any:
    """The value of the first of some columns that a row has."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def _enumerated(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows[:FAULTS_SHOWN])) + (" …" if len(rows) > FAULTS_SHOWN else "")


def _is_unanswerable(question: Any) -> bool:
    """Whether SQuAD 2 says so, by a flag or, on the hub, by an empty list of answers."""
    if not isinstance(question, Mapping):
        return False
    answers = question.get("answers")
    texts = answers.get("text") if isinstance(answers, Mapping) else answers
    return question.get("is_impossible") is True or texts == []


def _pair(entry: Any) -> tuple[Any, Any]:
    if not isinstance(entry, Mapping):
        return None, None
    return entry.get("question"), first(entry, ("answer", "answers"))


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
