"""Reads the files of a run that are not records: the manifest, metrics, spending, sessions.

The manifest and the results must be undamaged. A damaged line about times or costs is skipped, and the log says so,
because only a time or a sum depends on it.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, TypeVar

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from seal.errors import RunError
from seal.folder.store import MANIFEST, METRICS, RESULTS, SECONDS, SPENDING, all_lines, complete_lines, task_files

_LOG = logging.getLogger(__name__)
Shape = TypeVar("Shape")

SESSIONS = "sessions.jsonl"
OUTCOMES = "sweep.json"
"""The file with the outcomes of a sweep's points, in the folder of the sweep."""
_NUMBER = (int, float)
_MOST = 2**53
"""Larger numbers cannot be counts."""
_OF_METRICS = {"event": str, "note": str, "work": str, "kind": str, "units": int, "time/work_s": _NUMBER}
_OF_BOOKINGS = dict.fromkeys(("n_calls", "prompt_tokens", "completion_tokens", "usd"), _NUMBER)


class Settings(TypedDict):
    """The settings that every reader of a manifest relies on. A room is a mapping, or None if nothing was chosen."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # how pydantic is told of a TypedDict

    name: str
    seed: NotRequired[int | None]
    model: NotRequired[dict[str, Any] | None]
    task: NotRequired[dict[str, Any] | None]
    self_edit: NotRequired[dict[str, Any] | None]
    outer: NotRequired[dict[str, Any] | None]
    recipe: NotRequired[dict[str, Any] | None]


class Manifest(TypedDict):
    """The manifest of a run."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    seal: str
    started: str
    settings: Settings
    git: dict[str, Any] | None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        RunError: the file is damaged.
    """
    return dict(read_whole(folder / MANIFEST, Manifest))


def read_whole(path: Path, shape: type[Shape] | Any) -> Shape:
    """A JSON file of a run.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        read: Shape = TypeAdapter(shape).validate_json(path.read_bytes())
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        reason = " ".join(str(error).split("\n")[1:3])
        raise RunError(
            f"{path}: the file is damaged or was edited ({reason.strip()}). If it is {RESULTS}, {SECONDS} or "
            f"{OUTCOMES}, remove it and repeat the command of the run or sweep, which writes it again"
        ) from error
    return read


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All lines of metrics of the run and its jobs, file by file."""
    return whole_metrics(folder, all_lines(folder, METRICS))


def said(folder: Path) -> list[str]:
    """What work on the run noted for readers of its results, in whichever process: once each, in order of letters."""
    return sorted({line["note"] for line in read_metrics(folder) if "note" in line})


def whole_metrics(where: Path, lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Parse lines of metrics, and skip damaged ones. `where` is for the log."""
    return whole_lines(where, METRICS, lines, _is_metrics)


def read_bookings(folder: Path) -> list[dict[str, Any]]:
    """Every paid call, in order."""
    own = _bookings(folder / f"{SPENDING}.jsonl")
    return [*own, *(booking for bookings in unbooked(folder).values() for booking in bookings)]


def unbooked(folder: Path) -> dict[Path, list[dict[str, Any]]]:
    """The paid calls in each task's file that the run has not merged into its own books.

    Merged calls name their file in `task`. So nothing is booked twice if a crash kept the file from being deleted.
    """
    n_booked = Counter(booking.get("task") for booking in _bookings(folder / f"{SPENDING}.jsonl"))
    return {file: _bookings(file)[n_booked[file.name] :] for file in task_files(folder, SPENDING)}


def _bookings(file: Path) -> list[dict[str, Any]]:
    return whole_lines(file, SPENDING, complete_lines(file), lambda line: _has(line, _OF_BOOKINGS, _OF_BOOKINGS))


def read_sessions(folder: Path, facts: Sequence[str]) -> list[dict[str, Any]]:
    """The processes that worked on the run. Lines that lack one of the `facts` are skipped."""
    return whole_lines(folder, "sessions", complete_lines(folder / SESSIONS), lambda line: set(facts) <= set(line))


def whole_lines(
    where: Path, kind: str, lines: Sequence[bytes], is_whole: Callable[[dict[str, Any]], bool]
) -> list[dict[str, Any]]:
    """Parse lines, and skip damaged ones. The log says how many were skipped."""
    found = [_parsed(line) for line in lines]
    whole = [line for line in found if line is not None and is_whole(line)]
    if len(whole) < len(found):
        number = len(found) - len(whole)
        _LOG.warning("%s: skipped %d damaged lines of %d in %s", where, number, len(found), kind)
    return whole


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_metrics(line: dict[str, Any]) -> bool:
    is_complete = "units" not in line or {"work", "kind", "time/work_s"} <= line.keys()
    return is_complete and is_time(line.get("time")) and _has(line, {}, _OF_METRICS)


def is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _has(line: dict[str, Any], required: Mapping[str, Any], kinds: Mapping[str, Any]) -> bool:
    known = {name: value for name, value in line.items() if name in kinds}
    return required.keys() <= known.keys() and all(
        isinstance(value, kinds[name]) and (isinstance(value, str) or 0 <= value < _MOST)
        for name, value in known.items()
    )
