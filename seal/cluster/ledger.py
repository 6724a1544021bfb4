"""The ledger: all jobs of a phase and how they ended. SEAL keeps its own: the cluster may have no accounting."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from seal.folder.run_files import is_time, whole_lines
from seal.folder.store import JOBS, append_lines, complete_lines

LEDGER = "ledger.jsonl"
DONE, DIED, CANCELLED = "done", "died", "cancelled"
_EXACTLY = ConfigDict(extra="forbid", strict=True)


class _Submitted(TypedDict):
    """A line about a submitted job."""

    __pydantic_config__ = _EXACTLY  # type: ignore[misc]  # how pydantic is told of a TypedDict

    job: str
    chunk: NonNegativeInt
    keys: list[str]
    title: str
    submitted: str
    gpus: NonNegativeInt


class _Ended(TypedDict):
    """A line about a job that ended."""

    __pydantic_config__ = _EXACTLY  # type: ignore[misc]

    job: str
    outcome: Literal["done", "died", "cancelled"]
    reason: str


_LINE: TypeAdapter[_Submitted | _Ended] = TypeAdapter(_Submitted | _Ended)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A job: its chunk, and how it ended."""

    phase: str
    job: str
    chunk: int
    title: str
    keys: tuple[str, ...]
    """Keys of the units that had no record when the job was submitted."""
    submitted: str
    gpus: int
    outcome: str | None = None
    """None while it waits or runs."""
    reason: str = ""
    """Why it died."""


class Ledger:
    """The jobs of one phase. Only its coordinator writes the ledger."""

    def __init__(self, phase: Path) -> None:
        self.phase = phase

    def entries(self) -> list[Entry]:
        """Every submitted job, in order of submission.

        Damaged lines are skipped. A job without a line counts as foreign. A job without a known end is looked for.
        """
        found: dict[str, dict[str, Any]] = {}
        for line in whole_lines(self.phase, "the ledger", complete_lines(self.phase / LEDGER), _is_line):
            if "outcome" not in line:
                found[line["job"]] = line
            elif line["job"] in found:
                found[line["job"]] |= line
        return [Entry(phase=self.phase.name, **{**facts, "keys": tuple(facts["keys"])}) for facts in found.values()]

    def submitted(self, jobs: Mapping[str, tuple[int, Sequence[str]]], *, title: str, gpus: int) -> None:
        """Record submitted jobs, each with its chunk and keys."""
        shared = {"title": title, "submitted": _now(), "gpus": gpus}
        lines = [
            json.dumps({"job": job, "chunk": chunk, "keys": keys, **shared}) for job, (chunk, keys) in jobs.items()
        ]
        append_lines(self.phase / LEDGER, [f"{line}\n" for line in lines])

    def ended(self, jobs: Sequence[str], outcome: str, reason: str = "") -> None:
        lines = [json.dumps({"job": job, "outcome": outcome, "reason": reason}) for job in jobs]
        append_lines(self.phase / LEDGER, [f"{line}\n" for line in lines])


def all_entries(run_folder: Path) -> list[Entry]:
    """The jobs of all phases of a run."""
    return [
        entry for file in sorted((run_folder / JOBS).glob(f"*/{LEDGER}")) for entry in Ledger(file.parent).entries()
    ]


def _is_line(line: dict[str, Any]) -> bool:
    """True for a line about a submitted job or an ended job."""
    try:
        _LINE.validate_python(line)
    except ValidationError:
        return False
    return "submitted" not in line or is_time(line["submitted"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
