"""Reads files of existing self-edits: published ones, the user's own, or those of an earlier run."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from seal.authorship import Author
from seal.base.json_text import parsed, without_repeats
from seal.base.reading import ending, read_text
from seal.errors import DataError, RunError
from seal.folder.store import read_records
from seal.self_edit import Assignment, Continue
from seal.settings import FileOrFolder, Rooms, option
from seal.types import Completion, Context, SelfEdit, Unavailable

Recordings = Mapping[tuple[str, str], tuple[str, ...]]
"""Self-edits in order, by title and passage. Both are stripped."""


@option
class Recording:
    """A second base class of a format: self-edits are read, not written. A policy cannot learn to write them."""

    teachable: ClassVar[bool] = False

    path: FileOrFolder
    """A JSON or JSON Lines file with title, passage (or context) and self_edits (or completions); or a run's folder."""
    policy: str = "round_0"
    """The policy whose self-edits to take from a run's folder, for example `round_2`."""

    def faults_of_data(self, wanted: Iterable[tuple[Context, int]]) -> list[str]:
        return [
            f"self_edit.path: {self.path} has {n_there} self-edits for '{context.title}' ({context.text[:40]}…), but "
            f"{n_wanted} are needed"
            for context, n_wanted in wanted
            if (n_there := len(self.texts(context))) < n_wanted
        ]

    def author(self, run: Rooms) -> Author:
        """The file; or the run, and which of its policies."""
        of_run = not self.path.suffix or self.path.is_dir()
        return Author(by="recording", name=f"{self.path.name}/{self.policy}" if of_run else self.path.name)

    @property
    def n_requests(self) -> int:
        return 0

    def fingerprint(self) -> str:
        recordings = read_recordings(self.path, self.policy)
        return sha256(json.dumps(sorted([*key, *texts] for key, texts in recordings.items())).encode()).hexdigest()

    def write(self, assignments: Sequence[Assignment], go_on: Continue) -> list[Completion | Unavailable]:
        return [
            Completion(text=self.texts(assignment.context)[assignment.index], finished=True)
            for assignment in assignments
        ]

    def texts(self, context: Context) -> tuple[str, ...]:
        """The texts of self-edits about a context, in order of use."""
        return read_recordings(self.path, self.policy).get((context.title.strip(), context.text.strip()), ())


def read_recordings(path: Path, policy: str) -> Recordings:
    """The self-edits in a file, or those that `policy` wrote in a run's folder.

    A file is JSON (a list of rows, or an object whose `articles` are the rows) or JSON Lines. A row has a `title`, a
    `passage` or `context`, and `self_edits` or `completions`: texts, or objects with a `text`.

    Raises:
        DataError: the file cannot be read or has no self-edits; the error names the faulty row.
    """
    records = path / "self_edits.jsonl" if path.is_dir() else path
    try:
        facts = records.stat()
    except OSError as error:
        raise DataError(f"self_edit.path: cannot read {records}: {error.strerror}") from error
    return _read(path, policy, (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size))


@lru_cache(maxsize=4)
def _read(path: Path, policy: str, version: tuple[int, ...]) -> Recordings:
    """The same, cached while the file does not change."""
    return _of_run(path, policy) if path.is_dir() else _of_file(path)


def _of_file(path: Path) -> Recordings:
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise DataError(f"self_edit.path: cannot read {path}: {error}") from error
    recordings: dict[tuple[str, str], tuple[str, ...]] = {}
    for place, row in _rows(path, text):
        try:
            key = (row["title"].strip(), (row.get("passage") or row["context"]).strip())
            texts = _texts(row.get("self_edits") or row["completions"])
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"self_edit.path: {place} of {path} needs title, passage (or context) and self_edits (or completions, "
                f"texts or objects with a text): {type(error).__name__} {error}"
            ) from error
        recordings[key] = recordings.get(key, ()) + texts
    return recordings


def _texts(written: Any) -> tuple[str, ...]:
    """The self-edits in a row.

    Raises:
        KeyError, TypeError: they are not texts or objects with a `text`.
    """
    if not isinstance(written, list):
        raise TypeError(f"they are a {type(written).__name__}, not a list")
    texts = tuple(each["text"] if isinstance(each, dict) else each for each in written)
    if others := [each for each in texts if not isinstance(each, str)]:
        raise TypeError(f"{str(others[0])[:40]} is not a text")
    return texts


def _rows(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """The rows, each with its place in the file."""
    if ending(path) in (".jsonl", ".ndjson"):
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"line {number}", _parsed(path, line, f"line {number}")
        return
    document = _parsed(path, text, "it")
    rows = document.get("articles") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise DataError(f"self_edit.path: {path} is neither a list of rows nor an object with articles")
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", row


def _parsed(path: Path, text: str, place: str) -> Any:
    try:
        return parsed(text, object_pairs_hook=without_repeats)
    except ValueError as error:
        raise DataError(f"self_edit.path: {path} is not JSON: {place}: {error}") from error


def _of_run(folder: Path, policy: str) -> Recordings:
    try:
        contexts: dict[str, Context] = read_records(folder / "contexts.jsonl", Context)
        edits: dict[str, SelfEdit] = read_records(folder / "self_edits.jsonl", SelfEdit)
    except RunError as error:
        raise DataError(f"self_edit.path: {error}") from error
    by_context: dict[str, dict[int, str]] = {}
    for key, edit in edits.items():
        if key == f"{policy}/{edit.context_id}/{edit.index}":  # a continual run also has self-edits of its steps
            by_context.setdefault(edit.context_id, {})[edit.index] = edit.text
    if not by_context:
        raise DataError(f"self_edit.path: {folder} is not a run with self-edits of the policy '{policy}'")
    if lost := next((name for name in by_context if name not in contexts), None):
        raise DataError(f"self_edit.path: {folder}/contexts.jsonl lacks the context {lost}, which has self-edits")
    return {
        (contexts[name].title.strip(), contexts[name].text.strip()): tuple(texts[index] for index in sorted(texts))
        for name, texts in by_context.items()
    }
