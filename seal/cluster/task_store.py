"""Records of tasks: files that only one process writes, read by whoever coordinates as they grow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from seal.errors import RunError
from seal.record_lines import from_line
from seal.store import JOBS, Store, read_records

Value = TypeVar("Value")


class TaskStore(Store):
    """The run's folder as a task of a cluster sees it: it knows what its own units left, and writes to its own files.

    No two processes ever write to the same file, not even two starts of one task: that is all that many machines ask
    of a shared folder. It has to show a file's new end to whoever opens it again, as NFS does; it needs no locks.
    """

    def __init__(self, folder: Path, *, phase: str, chunk: int, process: str) -> None:
        super().__init__(folder)
        self.phase = folder / JOBS / phase
        self.chunk = chunk
        self.process = process
        """Names this process among all that ever worked on the chunk."""

    def records(self, kind: str, shape: type[Value] | Any) -> dict[str, Value]:
        if kind not in self._known:
            known: dict[str, Any] = {}
            for file in sorted(self.phase.glob(f"{kind}-{self.chunk}-*.jsonl")):
                known = {**read_records(file, shape), **known}
            self._known[kind] = known
        return self._known[kind]

    def adopt(self, kind: str, shape: type[Value] | Any, order: Iterable[str]) -> None:
        """What others recorded stays theirs."""

    def _file(self, kind: str) -> Path:
        return self.phase / f"{kind}-{self.chunk}-{self.process}.jsonl"


class Tail:
    """The keys that the tasks of a phase append to their files, read as they come: each byte once."""

    def __init__(self, phase: Path, kind: str) -> None:
        self.phase, self.kind = phase, kind
        self._read: dict[Path, int] = {}

    def new_keys(self) -> list[str]:
        """Those of complete lines that were not there the last time.

        Raises:
            RunError: a line is not a record.
        """
        return [_key(line, file) for file in self.phase.glob(f"{self.kind}-*.jsonl") for line in self._rest(file)]

    def _rest(self, path: Path) -> list[bytes]:
        start = self._read.get(path, 0)
        with path.open("rb") as file:
            file.seek(start)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read[path] = start + len(whole)
        return whole.split(b"\n")[:-1]


def _key(line: bytes, file: Path) -> str:
    try:
        return str(from_line(line)["key"])
    except ValueError as error:
        raise RunError(
            f"{file}: has a line that is not a record: remove it, and its unit is done again. Does the folder show "
            "a file's end before it is written?"
        ) from error
