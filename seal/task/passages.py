"""The user's own passages, from a file of rows: JSON Lines, JSON, CSV or Parquet, read through `datasets`.

A row is a passage with its title and its questions, `{"title": …, "passage": …, "questions": [{"question": …,
"answer": …}]}`; or, in flat files, a row is one question, with columns `question` and `answer`, and rows with the same
passage belong together. Questions may be missing where the recipe does without them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from seal.errors import FAULTS_SHOWN, DataError, listed
from seal.seeds import derive
from seal.settings import option
from seal.task import Contexts, Task
from seal.task.rows import Row, read_rows


@option
class Passages(Task):
    """Contexts from a file."""

    path: Path
    """A file of rows."""
    format: Literal["auto", "jsonl", "json", "csv", "parquet"]
    """What the file is; `auto` goes by its ending."""
    title: str
    """The column of the title."""
    passage: tuple[str, ...]
    """The column of the passage: the first of these that the file has."""
    questions: tuple[str, ...]
    """The column of the list of questions: the first of these that the file has, if it has one."""
    limit: PositiveInt | None
    """Only the first so many passages; None takes all."""
    held_out: Annotated[float, Field(ge=0, le=1)]
    """The share of passages that only measure."""
    seed: int
    """Of the choice of those."""

    def load(self) -> Contexts:
        entries = [self._entry(number, row) for number, row in enumerate(read_rows(self.path, self.format), start=1)]
        faults = [f"row {entry.row}: {fault}" for entry in entries for fault in self._faults(entry)]
        if faults:
            raise DataError(listed(f"task.path: {self.path} has faults:", faults))
        passages = _one_a_passage(entries)[: self.limit]
        contexts = [self.make_context(entry.title, entry.text, entry.questions) for entry in passages]
        places = {
            context.id: f"row {entry.row} of {self.path.name}"
            for context, entry in zip(contexts, passages, strict=True)
        }
        contexts.sort(key=lambda context: derive(self.seed, "held_out", context.id))
        n_held_out = max(round(self.held_out * len(contexts)), int(self.held_out > 0))
        return Contexts(
            train=tuple(contexts[n_held_out:]),
            held_out=tuple(contexts[:n_held_out]),
            notes=_notes(entries),
            places=places,
        )

    def _entry(self, number: int, row: Row) -> "_Entry":
        """What a row says; whatever is missing or of the wrong kind is left empty, for `faults` to name."""
        listed_questions = _first(row, self.questions)
        flat = "question" in row
        pairs = [(row.get("question"), row.get("answer"))] if flat else [_pair(each) for each in listed_questions or []]
        return _Entry(
            row=number,
            title=_text(row.get(self.title)),
            text=_text(_first(row, self.passage)),
            questions=tuple((_text(question), _answer(answer)) for question, answer in pairs),
            flat=flat,
        )

    def _faults(self, entry: "_Entry") -> Iterator[str]:
        if not entry.title:
            yield f"no title (column '{self.title}')"
        if not entry.text:
            yield f"no passage (column {' or '.join(self.passage)})"
        for number, (question, answer) in enumerate(entry.questions, start=1):
            if not question:
                yield f"question {number} is empty"
            elif not answer:
                yield f"question {number} ('{question[:40]}') has an empty answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A row, read."""

    row: int
    title: str
    text: str
    questions: tuple[tuple[str, str], ...]
    flat: bool
    """Whether the row is one question of its passage."""


def _one_a_passage(entries: Sequence[_Entry]) -> list[_Entry]:
    """Each passage once: the questions of flat rows are gathered, other repetitions are dropped."""
    passages: dict[str, _Entry] = {}
    for entry in entries:
        first = passages.setdefault(entry.text, entry)
        if first is not entry and entry.flat:
            passages[entry.text] = replace(first, questions=first.questions + entry.questions)
    return list(passages.values())


def _notes(entries: Sequence[_Entry]) -> tuple[str, ...]:
    """What was done about passages that occur several times, with the rows."""
    title_of: dict[str, str] = {}
    repeated, retitled = [], []
    for entry in entries:
        if entry.text in title_of and not entry.flat:
            repeated.append(entry.row)
        elif entry.title != title_of.setdefault(entry.text, entry.title):
            retitled.append(entry.row)
    found = (
        (repeated, "rows repeat an earlier passage and were dropped"),
        (retitled, "rows have an earlier passage under another title; the first title is kept"),
    )
    return tuple(f"{len(rows)} {what}: rows {_enumerated(rows)}" for rows, what in found if rows)


def _enumerated(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows[:FAULTS_SHOWN])) + (" …" if len(rows) > FAULTS_SHOWN else "")


def _first(row: Row, names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _pair(entry: Any) -> tuple[Any, Any]:
    if not isinstance(entry, Mapping):
        return None, None
    return entry.get("question"), _first(entry, ("answer", "answers"))


def _answer(value: Any) -> str:
    """An answer, or the first of several, also in SQuAD's form `{"text": [...]}`."""
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else None
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as JSON writes it
    return "" if value is None or isinstance(value, (Mapping, list)) else str(value).strip()
