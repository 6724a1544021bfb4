"""The user's own passages, from a file of rows: JSON Lines, JSON, CSV or Parquet (see `seal.task.rows`).

A row is a passage with its title and its questions, `{"title": …, "passage": …, "questions": [{"question": …,
"answer": …}]}`; or, in flat files, a row is one question (see `seal.task.entries`). Questions may be missing where the
recipe does without them. Columns of other names are settings.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from seal.settings import FileOrFolder, option
from seal.task import Contexts, entries, parts
from seal.task.asking import PassageTask
from seal.task.drawing import in_drawn_order
from seal.task.rows import read_rows


@option
class Passages(PassageTask):
    """Your own passages, from a file: task.path=my.jsonl"""

    path: FileOrFolder
    """A file of rows: JSON Lines, JSON, CSV (commas, semicolons or tabs) or Parquet."""
    format: Literal["auto", "jsonl", "json", "csv", "parquet"] = "auto"
    """What the file is; `auto` goes by its ending."""
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
    limit: PositiveInt | None = None
    """Only the first so many passages; null takes all."""
    held_out: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of passages that only measure."""
    seed: int = 0
    """Of the choice of held-out passages."""

    @property
    def _columns(self) -> parts.Columns:
        return parts.Columns(
            title=self.title,
            passage=self.passage,
            questions=self.questions,
            question=self.question,
            answer=self.answer,
            are_settings=True,
        )

    def _limited(self, n_passages: int) -> Iterator[str]:
        """What the limit leaves out; or that there are fewer passages."""
        if self.limit is not None and self.limit < n_passages:
            yield f"task.limit takes the first {self.limit} of {n_passages} passages"
        elif self.limit is not None and self.limit > n_passages:
            yield f"task.limit is {self.limit}, but {self.path.name} has {n_passages} passages: all of them are taken"

    def load(self) -> Contexts:
        rows = read_rows(self.path, self.format, key="task.path")
        read = entries.read(enumerate(rows, start=1), self._columns, key="task.path", source=str(self.path))
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
            notes=(*entries.notes(read), *notes, *self._limited(len(different))),
            parted_by=f"task.held_out={self.held_out:g}",
            unasked=entries.why_unasked(read, self._columns),
            remedy=f"give more passages ({len(read)} rows have {len(different)}), another task.limit or task.held_out",
            places=places,
        )
