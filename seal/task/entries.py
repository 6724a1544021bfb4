"""What rows say, whatever their columns are called: a passage, its title, its questions.

A row is a passage with a list of questions; or, in flat files, a row is one question with its answer, and rows with
the same passage belong together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from seal.base.notes import Note
from seal.errors import DataError, listed
from seal.task.parts import Columns, Entry, read_entry
from seal.task.questions import Asked
from seal.task.rows import Row


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


def asked_once(entries: Sequence[Entry]) -> tuple[list[Entry], tuple[str, ...]]:
    """The entries without flat rows that repeat a question of their passage with its answer; and notes on these, and on
    questions with several answers."""
    rows_of: dict[tuple[str, str], dict[tuple[str, ...], list[int]]] = {}
    for entry in entries:
        for asked in entry.questions:
            rows_of.setdefault((entry.text, asked.shown), {}).setdefault(asked.answers, []).append(entry.row)
    repeated = {
        entry.row
        for entry in entries
        for asked in entry.questions
        if entry.flat and rows_of[entry.text, asked.shown][asked.answers][0] != entry.row
    }
    disputed = [
        f"rows {', '.join(str(rows[0]) for rows in answers.values())} ({', '.join(repr(each[0]) for each in answers)})"
        for answers in rows_of.values()
        if len(answers) > 1
    ]
    said = []
    if repeated:
        what = f"{len(repeated)} rows repeat a question with its answer, which counts once"
        said.append(Note(what, sorted(repeated), of="rows "))
    if disputed:
        said.append(Note(f"{len(disputed)} questions of a passage have several answers, all kept", disputed))
    return [entry for entry in entries if entry.row not in repeated], tuple(said)


def one_a_passage(entries: Sequence[Entry]) -> list[Entry]:
    """Each passage once, with the questions of all of its rows. Rows without a passage stay apart by what they ask."""
    passages: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        known_by = (entry.text,) if entry.text else ("", *(asked.shown for asked in entry.questions))
        passages.setdefault(known_by, []).append(entry)
    return [replace(rows[0], questions=_gathered(rows)) for rows in passages.values()]


def _gathered(rows: Sequence[Entry]) -> tuple[Asked, ...]:
    """The questions of rows of one passage; what a list of questions repeats of an earlier row is left out."""
    questions = [*rows[0].questions]
    for row in rows[1:]:
        known = set() if row.flat else {*questions}
        questions += [asked for asked in row.questions if asked not in known]
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
        *(Note(f"{len(rows)} {what}", rows, of="rows ") for rows, what in found if rows),
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
