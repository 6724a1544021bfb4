"""SQuAD (arXiv 1606.05250), from the hub or from files: paragraphs of Wikipedia with the questions asked about them.

Training contexts come from one split or file, held-out ones from another. A question of SQuAD 2 that its passage does
not answer (arXiv 1806.03822) has no target and is left out. All answers to a question are accepted; the first is the
target.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt

from seal.base.notes import behind
from seal.settings import FileOrFolder, PathOrName, option
from seal.task import Contexts, entries
from seal.task.asking import PassageTask
from seal.task.drawing import drawn, in_drawn_order, in_words, named_in
from seal.task.formats.squad import COLUMNS
from seal.task.hub import read_split
from seal.task.rows import Row, read_rows
from seal.types import Context


@option
class Squad(PassageTask):
    """SQuAD, from the hub: task=squad. From files: task=squad task.train_file=train-v1.1.json
    task.held_out_file=dev-v1.1.json

    Contexts are drawn by a seed, or named in a list.
    """

    hub: PathOrName = "rajpurkar/squad"
    """A data set on the hub with SQuAD's columns, or a folder that `datasets` reads in the same way."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null is the newest."""
    train_split: str = "train"
    """The split that training contexts come from."""
    held_out_split: str = "validation"
    """The split that contexts come from which only measure."""
    train_file: FileOrFolder | None = None
    """A file instead of that split: SQuAD's own JSON, or rows as task=passages reads them."""
    held_out_file: FileOrFolder | None = None
    """The same for the held-out contexts."""
    format: Literal["auto", "jsonl", "json", "csv", "parquet"] = "auto"
    """What the files are; `auto` goes by their endings."""
    n_train: NonNegativeInt | None = 100
    """How many training contexts are drawn; null takes all. With 0 their source is not even read."""
    n_held_out: NonNegativeInt | None = 200
    """How many held-out contexts are drawn; null takes all. With 0 their source is not even read. More of them begin
    with the same ones."""
    train_ids: FileOrFolder | None = None
    """A file with an id (as in a run's contexts.jsonl) or a title a line: these are the training contexts, whatever
    `n_train` says. null draws."""
    held_out_ids: FileOrFolder | None = None
    """The same for the held-out contexts."""
    seed: int = 0
    """Of the draw."""

    def load(self) -> Contexts:
        held_out = self._chosen(
            _Source(part="held_out", hub=self.hub, split=self.held_out_split, file=self.held_out_file),
            n=self.n_held_out,
            ids=self.held_out_ids,
        )
        train = self._chosen(
            _Source(part="train", hub=self.hub, split=self.train_split, file=self.train_file),
            n=self.n_train,
            ids=self.train_ids,
            taken={context.text for context in held_out.contexts},
        )
        return Contexts(
            train=train.contexts,
            held_out=held_out.contexts,
            notes=(*train.notes, *held_out.notes),
            places={**train.places, **held_out.places},
        )

    def _chosen(self, source: "_Source", *, n: int | None, ids: Path | None, taken: Collection[str] = ()) -> "_Reading":
        """The contexts of a part, without those whose texts are taken already."""
        if n == 0 and ids is None:
            return _Reading()
        everything = self._read(source)
        pool = in_drawn_order(everything.contexts, self.seed, source.part)
        if ids:
            pool = named_in(ids, pool, key=f"task.{source.part}_ids", source=source.name)
        free = [context for context in pool if context.text not in taken]
        wanted = free if ids else drawn(free, n, key=f"task.n_{source.part}", source=source.name)
        n_dropped = len(pool) - len(free)
        dropped = (f"{source.name}: {n_dropped} passages are held out too and were dropped from training",)
        return replace(everything, contexts=tuple(wanted), notes=(*everything.notes, *(dropped if n_dropped else ())))

    def _read(self, source: "_Source") -> "_Reading":
        """Every context of a source that something can be asked about."""
        rows = enumerate(source.rows(self.format, self.revision), start=1)
        read = entries.read(rows, COLUMNS, key=source.key, source=source.name)
        passages = entries.one_a_passage(read)
        asked = [entry for entry in passages if entry.questions]
        contexts = [self.make_context(in_words(entry.title), entry.text, entry.questions) for entry in asked]
        n_mute = len(passages) - len(asked)
        mute = (f"{n_mute} passages without a question that they answer were left out",)
        return _Reading(
            contexts=tuple(contexts),
            places={
                context.id: f"row {entry.row} of {source.name}" for context, entry in zip(contexts, asked, strict=True)
            },
            notes=tuple(behind(f"{source.name}: ", note) for note in (*entries.notes(read), *(mute if n_mute else ()))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where the contexts of a part come from."""

    part: Literal["train", "held_out"]
    hub: str
    split: str
    file: Path | None

    @property
    def key(self) -> str:
        """The setting that names it."""
        return f"task.{self.part}_file" if self.file else "task.hub"

    @property
    def name(self) -> str:
        return self.file.name if self.file else f"split '{self.split}' of {self.hub}"

    def rows(self, kind: str, revision: str | None) -> list[Row]:
        if self.file:
            return read_rows(self.file, kind, key=self.key)
        return read_split(self.hub, self.split, revision, key=self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Contexts as a source has them, where each came from, and what a reader should know."""

    contexts: tuple[Context, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
