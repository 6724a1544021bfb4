"""The user's own passages, from a file of rows: JSON Lines, JSON, CSV or Parquet (see `seal.task.rows`).

A row is a passage with its title and its questions, `{"title": …, "passage": …, "questions": [{"question": …,
"answer": …}]}`; or, in flat files, a row is one question (see `seal.task.entries`). Questions may be missing where the
recipe does without them. Columns of other names are settings. Files of published sets are read in their own columns
(see `seal.task.formats`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Annotated, Literal, get_args

from pydantic import Field, PositiveInt

from seal.settings import Chosen, FileOrFolder, option
from seal.task import Contexts, entries, parts
from seal.task.asking import PassageTask
from seal.task.drawing import in_drawn_order
from seal.task.formats import Format, reading
from seal.task.formats.published import Published, named, recognised
from seal.task.formats.squad import COLUMNS as SQUAD
from seal.task.rows import Row, read_rows

FileKind = Literal["jsonl", "json", "csv", "parquet"]
_COLUMNS = ("title", "passage", "questions", "question", "answer", "kind", "options")


@option
class Passages(PassageTask):
    """Your own passages, from a file: task.path=my.jsonl"""

    path: FileOrFolder
    """A file of rows: JSON Lines, JSON, CSV (commas, semicolons or tabs) or Parquet."""
    format: Literal["auto", FileKind, "squad", Published] = "auto"
    """What the file is, or the published set whose columns it has (docs/data.md lists them). `auto` goes by the ending,
    and recognises a published set by its columns."""
    title: str = "title"
    """The column of the title."""
    passage: tuple[str, ...] = ("passage", "context", "text")
    """The column of the passage: the first of these that the file has."""
    questions: tuple[str, ...] = ("questions", "qas")
    """The column of the questions, a list of {question, answer}: the first of these that the file has, if it has
    one."""
    question: str = "question"
    """The column of the question where a row is one question; and its key in a list of questions."""
    answer: tuple[str, ...] = ("answer", "answers")
    """The column, or key, of its answer: the first of these that there is."""
    kind: str = "kind"
    """The column, or key, of the kind of a question, if the file has one; each kind has its own row in the results."""
    options: str = "options"
    """The column, or key, of the options of a question of multiple choice, if the file has one (grader=choice). The
    answer is then the text of an option or its letter."""
    limit: PositiveInt | None = None
    """Only the first so many passages; null takes all."""
    held_out: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of passages that only measure."""
    seed: int = 0
    """Of the choice of held-out passages."""

    def faults(self, run: Chosen) -> Iterator[str]:
        if self._is_published:
            yield from (
                f"task.{name}: task.format={self.format} has its own columns: leave this out"
                for name in self._own_columns
            )

    @property
    def _is_published(self) -> bool:
        return self.format not in ("auto", *get_args(FileKind))

    @property
    def _own_columns(self) -> list[str]:
        """The settings of columns that the user has set."""
        defaults = {field.name: field.default for field in fields(self)}
        return [name for name in _COLUMNS if getattr(self, name) != defaults[name]]

    @property
    def _columns(self) -> parts.Columns:
        return parts.Columns(
            title=self.title,
            passage=self.passage,
            questions=self.questions,
            question=self.question,
            answer=self.answer,
            kind=self.kind,
            options=self.options,
            are_settings=True,
        )

    def load(self) -> Contexts:
        rows = read_rows(self.path, "any" if self._is_published else self.format, key="task.path")
        form = self._form(rows[0])
        read, said = self._read(rows, form)
        asked, notes = entries.asked_once(read)
        different = entries.one_a_passage(asked)
        passages = different[: self.limit]
        contexts = [self.make_context(entry.title, entry.text, entry.questions) for entry in passages]
        places = {
            context.id: f"row {entry.row} of {self.path.name}"
            for context, entry in zip(contexts, passages, strict=True)
        }
        contexts = in_drawn_order(contexts, self.seed, "held_out")
        n_held_out = max(round(self.held_out * len(contexts)), int(self.held_out > 0))
        return Contexts(
            train=tuple(contexts[n_held_out:]),
            held_out=tuple(contexts[:n_held_out]),
            notes=(*said, *entries.notes(read), *notes, *self._limited(len(different))),
            parted_by=f"task.held_out={self.held_out:g}",
            unasked=entries.why_unasked(read, self._columns),
            remedy=f"give more passages ({len(read)} rows have {len(different)}), another task.limit or task.held_out",
            places=places,
        )

    def _form(self, row: Row) -> Format | None:
        """The published form of the file; None for the columns that the settings name."""
        if self._is_published:
            return None if self.format == "squad" else named(self.format, row, source=self.path.name)
        return None if self._own_columns or self.format != "auto" else recognised(row, source=self.path.name)

    def _read(self, rows: Sequence[Row], form: Format | None) -> tuple[list[parts.Entry], list[str]]:
        """What the rows say, and notes on how they were read."""
        numbered = enumerate(rows, start=1)
        if form is None:
            columns = SQUAD if self.format == "squad" else self._columns
            return entries.read(numbered, columns, key="task.path", source=str(self.path)), []
        read, left_out = reading.read(numbered, form, key="task.path", source=str(self.path))
        took = [f"{self.path.name} is read as {form.name}, by its columns"] if not self._is_published else []
        return read, [*took, *left_out]

    def _limited(self, n_passages: int) -> Iterator[str]:
        """What the limit leaves out; or that there are fewer passages."""
        if self.limit is not None and self.limit < n_passages:
            yield f"task.limit takes the first {self.limit} of {n_passages} passages"
        elif self.limit is not None and self.limit > n_passages:
            yield f"task.limit is {self.limit}, but {self.path.name} has {n_passages} passages: all of them are taken"
