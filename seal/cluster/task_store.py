"""Records of tasks. Only one process writes each file; the coordinator reads the files while they grow."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, TypeVar

from pydantic import TypeAdapter

from seal.base.unit_progress import UnitProgress
from seal.errors import RunError
from seal.folder.record_lines import DamagedLineError, from_line
from seal.folder.store import JOBS, Store, complete_lines, read_records

_LOG = logging.getLogger(__name__)

_PROGRESS = "progress"
_FRESH_S = 60.0
"""A task that is killed leaves its note behind."""

Value = TypeVar("Value")


class TaskStore(Store):
    """The run's folder as a task of a cluster sees it. It reads the records of its own chunk and writes its own files.

    No two processes ever write to the same file, not even two starts of one task. So a shared folder needs no locks. It
    only has to show new lines to a process that opens a file again, as NFS does.
    """

    def __init__(self, folder: Path, *, phase: str, chunk: int, process: str) -> None:
        super().__init__(folder)
        self.phase = folder / JOBS / phase
        self.chunk = chunk
        self.process = process
        """A name that is unique among all processes that ever worked on the chunk."""

    def records(self, kind: str, shape: type[Value] | Any) -> dict[str, Value]:
        if kind not in self._known:
            known: dict[str, Any] = {}
            for file in sorted(self.phase.glob(f"{kind}-{self.chunk}-*.jsonl")):
                known = {**read_records(file, shape), **known}
            self._known[kind] = known
        return self._known[kind]

    def adopt(self, kind: str, shape: type[Value] | Any, order: Iterable[str]) -> None:
        """Do nothing: a task leaves the records of other tasks where they are."""

    def note_progress(self, n_units: int, progress: UnitProgress) -> None:
        """How far the units are that are being worked on, for whoever coordinates."""
        note = TypeAdapter(TaskProgress).dump_json(TaskProgress(chunk=self.chunk, units=n_units, progress=progress))
        draft = self._progress_file().with_suffix(".draft")
        draft.write_bytes(note)
        draft.replace(self._progress_file())

    def forget_progress(self) -> None:
        """They are done, or given up."""
        self._progress_file().unlink(missing_ok=True)

    def _progress_file(self) -> Path:
        return self.phase / f"{_PROGRESS}-{self.chunk}-{self.process}.json"

    def _file(self, kind: str) -> Path:
        return self.phase / f"{kind}-{self.chunk}-{self.process}.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """How far the units are that a task works on."""

    chunk: int
    units: int
    progress: UnitProgress


def progress_of_tasks(phase: Path, chunks: Collection[int]) -> list[TaskProgress]:
    """What tasks of these chunks noted lately; a note that cannot be read, or is old, is left out."""
    found = []
    for file in phase.glob(f"{_PROGRESS}-*.json"):
        try:
            if time() - file.stat().st_mtime < _FRESH_S:
                found.append(TypeAdapter(TaskProgress).validate_json(file.read_bytes()))
        except (OSError, ValueError):
            continue
    return [each for each in found if each.chunk in chunks]


def lines_of_tasks(phase: Path, kind: str) -> list[bytes]:
    """All complete lines of one kind that the tasks of a phase have written."""
    return [line for file in phase.glob(f"{kind}-*.jsonl") for line in complete_lines(file)]


class Tail:
    """Reads the keys that the tasks of a phase append to their files.

    Each byte is read once, up to the first damaged line. From there on the file is read again at every look, because a
    shared folder may show the length of a file before its contents.
    """

    def __init__(self, phase: Path, kind: str) -> None:
        self.phase, self.kind = phase, kind
        self._read: dict[Path, int] = {}
        self._named: set[tuple[Path, int]] = set()

    def new_keys(self) -> list[str]:
        """The keys of all new complete lines. Keys after a damaged line are returned at every call.

        A damaged line is skipped, and named once in the log: its unit has no record.

        Raises:
            RunError: a line is undamaged, but not a record.
        """
        return [key for file in self.phase.glob(f"{self.kind}-*.jsonl") for key in self._fresh(file)]

    def _fresh(self, path: Path) -> list[str]:
        keys: list[str] = []
        place = self._read.get(path, 0)
        is_whole = True
        for line in complete_lines(path, place):
            key = self._key(line, path, place)
            if key is None:
                is_whole = False
            else:
                keys.append(key)
            place += len(line) + 1
            if is_whole:
                self._read[path] = place
        return keys

    def _key(self, line: bytes, path: Path, place: int) -> str | None:
        try:
            return str(from_line(line)["key"])
        except DamagedLineError as error:
            if (path, place) not in self._named:
                self._named.add((path, place))
                _LOG.warning("%s: skipped the damaged line at byte %d (%s)", path, place, error)
            return None
        except ValueError as error:
            raise RunError(
                f"{path}: the line at byte {place} is not a record: remove it, and its unit is done again"
            ) from error
