"""A run's folder and its append-only records.

    outputs/NAME/
        manifest.json       the run: configuration, code, packages, hardware, data
        contexts.jsonl      the contexts
        sessions.jsonl      each process that worked on the run: code, packages, machine
        self_edits.jsonl    one record per unit of work: {"key": …, "value": …, "crc32": …}
        answers.jsonl       answers of the models, before grading
        evaluations.jsonl   answers with verdicts
        updates.jsonl       updates of the policy
        consolidations.jsonl    models trained on a whole corpus
        exports.jsonl       what `adapt` hands out, loaded again and compared
        merges.jsonl        steps of the recipe `continual`
        metrics.jsonl       times
        spending.jsonl      each call to a paid endpoint: tokens and price
        policies/round_1/   weights after an update, an ordinary model folder
        corpora/            temporary models of the recipes `corpus` and `adapt`, until all their queries are asked
        adapter/, model/    the product of the recipe `adapt`
        export/             copies of it for other programs, made by `seal export`
        adapters/round_0/   adapters of the best self-edits of round 0, listed in adapters.jsonl
        progress.json       the current progress
        seconds.json        seconds for the models of each row of the table
        notes.txt           the full lists of notes that name only the first few of many things
        results.json        written last
        report/
        damaged/            damaged lines, moved out of the records
        jobs/PHASE/         tasks, records and logs of a cluster's jobs; see `seal.cluster.task_store`

A unit with a record is never done again. Resume, retry and "nothing is lost" all follow from this rule. A record is one
line, written and flushed as soon as its unit is done. A line that a crash cut short is ignored. A line that does not
match its checksum is reported and moved to `damaged/`, and its unit is done again.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
"""Files of lines that are not records: times, and costs."""
JOBS, CANCEL = "jobs", "cancel"
"""The folder of a cluster's jobs, and a file in it that asks the coordinator to end the run."""
DAMAGED = "damaged"
"""The folder of damaged lines."""


class Store:
    """The records of one run. One process writes at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, dict[str, Any]] = {}

    def records(self, kind: str, shape: type[Value] | Any) -> dict[str, Value]:
        """All records of a kind, by key. They are read once; `append` keeps them up to date.

        Raises:
            RunError: a line is undamaged, but not a record.
        """
        if kind not in self._known:
            lay_damaged_aside(self._file(kind))
            self._known[kind] = read_records(self._file(kind), shape)
        return self._known[kind]

    def append(self, kind: str, results: Mapping[str, Value], shape: type[Value] | Any) -> None:
        """Add records, and return when they are on disk.

        Raises:
            RunError: the disk is full or the folder is not writable. Earlier records stay.
        """
        adapter = TypeAdapter(shape)
        lines = [to_line(key, adapter.dump_python(value, mode="json")) for key, value in results.items()]
        self.add_lines(kind, lines)
        self._known.setdefault(kind, {}).update(results)

    def add_lines(self, kind: str, lines: list[str]) -> None:
        """Add lines that are not records, or that are formatted as records already.

        Raises:
            RunError: as `append`.
        """
        append_lines(self._file(kind), lines)

    def adopt(self, kind: str, shape: type[Value] | Any, order: Iterable[str]) -> None:
        """Merge the records of a cluster's tasks into the run's own records, in the order of these keys.

        Damaged lines are moved to `damaged/`. Their units have no record, and are done again.

        Raises:
            RunError: as `append`; or a line is undamaged, but not a record.
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
        """Delete a task's file after its records were merged. Its damaged lines are kept in `damaged/`."""
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
        """Write a file of the run atomically: it is complete, or it does not exist."""
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
        """A temporary folder to fill. It replaces the folder `name` when the block ends without an error.

        Unfinished folders of other processes are deleted then too. Until then they stay, with their logs.
        """
        final = inside(self.folder, name)
        draft = final.with_name(f"{final.name}.{token_hex(4)}.draft")  # unique, in case another process still runs
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
        """Delete a folder of the run that is no longer needed. It is renamed first: a killed run leaves all of it, or
        nothing by that name."""
        final = inside(self.folder, name)
        with suppress(OSError):  # it is gone already
            final.rename(final.with_name(f"{final.name}.{token_hex(4)}.draft"))
        for left in final.parent.glob(f"{escape(final.name)}.*.draft"):
            shutil.rmtree(left, ignore_errors=True)

    def _file(self, kind: str) -> Path:
        return self.folder / f"{kind}.jsonl"


def task_files(folder: Path, kind: str) -> list[Path]:
    """Files of one kind that a cluster's tasks have written and the run has not merged."""
    return sorted((folder / JOBS).glob(f"*/{kind}-*.jsonl"))


def all_lines(folder: Path, kind: str) -> list[bytes]:
    """All complete lines of a kind, from the run and from the tasks of its cluster."""
    return [line for file in (folder / f"{kind}.jsonl", *task_files(folder, kind)) for line in complete_lines(file)]


def read_records(path: Path, shape: type[Value] | Any) -> dict[str, Value]:
    """The records of a file by key; empty if there is no file. Of two records with the same key, the first counts.

    A damaged line is skipped, and the log names it: its unit has no record. A last line without newline is skipped too.

    Raises:
        RunError: a line is undamaged, but not a record; the error names it.
    """
    adapter = TypeAdapter(shape)
    records: dict[str, Value] = {}
    for number, line in enumerate(complete_lines(path), start=1):
        try:
            entry = from_line(line)
            records.setdefault(entry["key"], adapter.validate_python(entry["value"]))
        except DamagedLineError as error:
            _LOG.warning("%s:%d: skipped a damaged line (%s)", path, number, error)
        except (ValueError, TypeError, ValidationError) as error:
            raise RunError(
                f"{path}:{number}: not a record ({type(error).__name__}): remove the line, and its unit is done again"
            ) from error
    return records


def lay_damaged_aside(path: Path) -> None:
    """Move the damaged lines of a file into the folder `damaged` beside it, and log a warning for each.

    Raises:
        RunError: the file cannot be rewritten. It stays unchanged.
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
            "%s:%d: the line is damaged (%s): moved to %s; its unit is done again", path, number, reason, aside
        )


def _damages(lines: Sequence[bytes]) -> dict[int, str]:
    """The numbers of damaged lines, with the reason for each."""
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
    """Number of records in a file, without parsing them; 0 if there is no file."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def append_lines(path: Path, lines: list[str]) -> None:
    """Append whole lines and wait for the disk. An unfinished last line, left by a crash, is cut off first.

    Raises:
        RunError: the disk is full or the folder is not writable.
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
        f"cannot write {path}: {reason}. All records so far are safe: "
        "free disk space or make the folder writable, then repeat the same command"
    )


def complete_lines(path: Path, start: int = 0) -> list[bytes]:
    """The lines of a file from a byte on, without an unfinished last line.

    Empty if there is no file: a task's file may be deleted at any time, as soon as the run has merged it.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def _end_of_last_line(path: Path) -> int:
    """Byte position of the end of the last complete line. The file is searched from its end."""
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
