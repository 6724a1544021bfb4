"""A run's folder: where things lie, append-only records, and what is known already.

    outputs/NAME/
        manifest.json       what was run: configuration, code, packages, hardware, data
        contexts.jsonl      what was learned about
        sessions.jsonl      each process that worked on it: code, packages, machine
        self_edits.jsonl    one record a unit of work: {"key": …, "value": …, "crc32": …}
        answers.jsonl       what the models said, before grading
        evaluations.jsonl   the same with verdicts
        updates.jsonl
        consolidations.jsonl    one model from a whole corpus
        merges.jsonl        the steps of the recipe `continual`
        metrics.jsonl       times
        spending.jsonl      each call to a paid endpoint: tokens and price
        policies/round_1/   the weights that came of an update, an ordinary model folder
        corpora/            what the recipes `corpus` and `adapt` train only to ask it, until all is asked
        adapter/, model/    what the recipe `adapt` hands out
        adapters/round_0/   those of the best self-edits that the policy of round 0 wrote, and adapters.jsonl of them
        progress.json       how far it is, for those who look
        seconds.json        how long the models of each row of the table took
        results.json        written last
        report/
        damaged/            lines of records that were not what was written, kept for whoever wants to know why
        jobs/PHASE/         what a cluster's jobs were, recorded and said; see `seal.cluster.task_store`

A unit with a record is never done again: that single rule is resume, retry and "nothing is lost" at once. A record is
one line, written and flushed as soon as its unit is done; a line that a crash cut short is dropped when reading. A line
whose checksum says that it is not what was written is named, laid aside in `damaged/`, and its unit is done again.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError

from seal.base.paths import inside
from seal.errors import RunError
from seal.folder.record_lines import DamagedLineError, from_line, to_line

_LOG = logging.getLogger(__name__)

Value = TypeVar("Value")

MANIFEST, RESULTS, SECONDS = "manifest.json", "results.json", "seconds.json"
METRICS, SPENDING = "metrics", "spending"
"""Lines that are no records: when and how long, and what was paid."""
JOBS, CANCEL = "jobs", "cancel"
"""The folder of what runs elsewhere, and a file in it that asks whoever coordinates to end the run."""
DAMAGED = "damaged"
"""The folder of lines that are not what was written."""


class Store:
    """The records of one run. One process writes at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, dict[str, Any]] = {}

    def records(self, kind: str, shape: type[Value] | Any) -> dict[str, Value]:
        """Every record of a kind, by key, read once and then kept up to date by `append`.

        Raises:
            RunError: a line is whole, but not a record.
        """
        if kind not in self._known:
            lay_damaged_aside(self._file(kind))
            self._known[kind] = read_records(self._file(kind), shape)
        return self._known[kind]

    def append(self, kind: str, results: Mapping[str, Value], shape: type[Value] | Any) -> None:
        """Add records; returns when they are on disk.

        Raises:
            RunError: the disk is full or the folder not writable. What was recorded before stays.
        """
        adapter = TypeAdapter(shape)
        lines = [to_line(key, adapter.dump_python(value, mode="json")) for key, value in results.items()]
        self.add_lines(kind, lines)
        self._known.setdefault(kind, {}).update(results)

    def add_lines(self, kind: str, lines: list[str]) -> None:
        """Add lines that are no records of work, or are written as such already.

        Raises:
            RunError: as `append`.
        """
        append_lines(self._file(kind), lines)

    def adopt(self, kind: str, shape: type[Value] | Any, order: Iterable[str]) -> None:
        """Make what tasks of a cluster recorded the run's own records, in the order of these keys.

        What is damaged of it is laid aside: its unit has no record, and is done again.

        Raises:
            RunError: as `append`; or a line is whole, but not a record.
        """
        files = task_files(self.folder, kind)
        if not files:
            return
        known = self.records(kind, shape)
        recorded = [read_records(file, shape) for file in files]
        found: dict[str, Any] = {}
        for records in reversed(recorded):
            found |= records
        self.append(kind, {key: found[key] for key in order if key in found and key not in known}, shape)
        for file, records in zip(files, recorded, strict=True):
            if records.keys() <= known.keys():
                self._drop(file)

    def _drop(self, file: Path) -> None:
        """Delete a file of a task whose records are the run's own; nothing of it is lost that was not understood."""
        lines = complete_lines(file)
        if damages := _damages(lines):
            aside = self.folder / DAMAGED / file.name
            try:
                _lay_aside(aside, [lines[number - 1] for number in damages])
            except OSError as error:
                raise cannot_write(aside, error) from error
            _warn_of(file, damages, aside)
        file.unlink(missing_ok=True)

    def write(self, name: str, content: str) -> Path:
        """Write a whole file of the run at once: it is there complete or not at all."""
        path = inside(self.folder, name)
        draft = path.with_name(path.name + ".draft")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(content, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error
        return path

    @contextmanager
    def draft_of(self, name: str) -> Iterator[Path]:
        """A folder to fill. It takes the place of the folder `name` when the block ends without an error.

        What others left half filled goes then too; until then it stays, with its logs.
        """
        final = inside(self.folder, name)
        draft = final.with_name(f"{final.name}.{token_hex(4)}.draft")  # of this process alone, if another one lives on
        draft.mkdir(parents=True)
        try:
            yield draft
            shutil.rmtree(final, ignore_errors=True)
            draft.rename(final)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise cannot_write(draft, error) from error
        for left in final.parent.glob(f"{escape(final.name)}.*.draft"):
            shutil.rmtree(left, ignore_errors=True)

    def discard(self, name: str) -> None:
        """Delete a folder of the run that nothing needs any more, and whatever a crash left of it."""
        shutil.rmtree(inside(self.folder, name), ignore_errors=True)

    def _file(self, kind: str) -> Path:
        return self.folder / f"{kind}.jsonl"


def task_files(folder: Path, kind: str) -> list[Path]:
    """What tasks of a cluster wrote of a kind, and nobody has made the run's own."""
    return sorted((folder / JOBS).glob(f"*/{kind}-*.jsonl"))


def all_lines(folder: Path, kind: str) -> list[bytes]:
    """The complete lines of a kind that the run and the tasks of its cluster wrote."""
    return [line for file in (folder / f"{kind}.jsonl", *task_files(folder, kind)) for line in complete_lines(file)]


def read_records(path: Path, shape: type[Value] | Any) -> dict[str, Value]:
    """The records of a file by key; the first of two with the same key counts. No file has no records.

    A line that is not what was written is named in the log, and left out: its unit has no record. So is a last line
    without its end.

    Raises:
        RunError: with the line that is whole, but no record.
    """
    adapter = TypeAdapter(shape)
    records: dict[str, Value] = {}
    for number, line in enumerate(complete_lines(path), start=1):
        try:
            entry = from_line(line)
            records.setdefault(entry["key"], adapter.validate_python(entry["value"]))
        except DamagedLineError as error:
            _LOG.warning("%s:%d: the line is damaged (%s) and is left out", path, number, error)
        except (ValueError, TypeError, ValidationError) as error:
            raise RunError(
                f"{path}:{number}: not a record ({type(error).__name__}): remove the line and its unit is done again"
            ) from error
    return records


def lay_damaged_aside(path: Path) -> None:
    """Move the lines of a file that are not what was written into the folder `damaged` beside it, and say so.

    Raises:
        RunError: the file cannot be written anew. It stays as it was.
    """
    lines = complete_lines(path)
    damages = _damages(lines)
    if not damages:
        return
    aside, draft = path.parent / DAMAGED / path.name, path.with_name(path.name + ".draft")
    try:
        _lay_aside(aside, [lines[number - 1] for number in damages])
        with draft.open("wb") as file:
            file.writelines(line + b"\n" for number, line in enumerate(lines, start=1) if number not in damages)
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    _warn_of(path, damages, aside)


def _lay_aside(aside: Path, lines: Sequence[bytes]) -> None:
    aside.parent.mkdir(exist_ok=True)
    with aside.open("ab") as file:
        file.writelines(line + b"\n" for line in lines)
        os.fsync(file.fileno())


def _warn_of(path: Path, damages: Mapping[int, str], aside: Path) -> None:
    for number, reason in damages.items():
        _LOG.warning(
            "%s:%d: the line is damaged (%s): laid aside in %s; its unit is done again", path, number, reason, aside
        )


def _damages(lines: Sequence[bytes]) -> dict[int, str]:
    """The numbers of lines that are not what was written, with what is wrong with them."""
    return {number: reason for number, line in enumerate(lines, start=1) if (reason := _damage(line))}


def _damage(line: bytes) -> str | None:
    try:
        from_line(line)
    except DamagedLineError as error:
        return str(error)
    except ValueError:
        return None
    return None


def count_records(path: Path) -> int:
    """How many records a file has, without reading what they say. No file has none."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def append_lines(path: Path, lines: list[str]) -> None:
    """Append whole lines and wait for the disk; first cuts off what a crash left of an unfinished line.

    Raises:
        RunError: the disk is full or the folder not writable.
    """
    try:
        with path.open("ab+") as file:
            file.truncate(_end_of_last_line(path))
            file.write("".join(lines).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError | SafetensorError) -> RunError:
    """The error for a file that cannot be written."""
    reason = error.strerror if isinstance(error, OSError) else error
    return RunError(
        f"cannot write {path}: {reason}. What was recorded so far is safe: "
        "make room or make the folder writable, and give the same command again"
    )


def complete_lines(path: Path, start: int = 0) -> list[bytes]:
    """The lines of a file from a byte on, without what a crash left of an unfinished one.

    No file has none: what a task wrote is deleted as soon as it is the run's own, whoever may be looking.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def _end_of_last_line(path: Path) -> int:
    """Where the last complete line ends, looking backwards from the end of the file."""
    block = 1 << 16
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - block)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0
