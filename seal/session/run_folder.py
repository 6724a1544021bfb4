"""Creates, resumes or refuses the folder of a run. One process at a time holds it.

SEAL overwrites nothing unless asked, and deletes nothing that this run did not make.
"""

import errno
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import IO, Any

from seal.base.notes import in_full, is_cut
from seal.base.paths import refuse_links_out
from seal.config.run import Run
from seal.errors import ConfigError, listed
from seal.folder.run_files import SESSIONS, read_manifest, read_sessions
from seal.folder.store import CANCEL, JOBS, MANIFEST, Store, append_lines
from seal.session.manifest import changes_outside, differences

LOCK, NOTES = "run.lock", "notes.txt"
SESSION_FACTS = {
    "seal": "version of SEAL",
    "git": "revision of the code",
    "packages": "set of packages",
    "machine": "kind of machine",
}
"""Facts that may differ between the sessions of one run, and how a note names them."""
_GLANCES, _GLANCE_S = 5, 0.05
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def opened(run: Run, facts: Mapping[str, Any]) -> Iterator[Store]:
    """Hold the run's folder for this process alone, with its manifest, as `if_exists` says.

    Raises:
        ConfigError: the folder holds another run or lies inside one; a process is at work in it; it holds any run and
            `if_exists=fail`; or it cannot be written.
    """
    folder = run.folder
    _refuse_nesting(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        refuse_links_out(folder)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "no permission")
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise ConfigError(
            f"outputs: cannot write to {folder} ({error.strerror}): choose another folder with outputs=…"
        ) from error
    with lock:
        _hold(lock, folder)
        if run.if_exists == "replace" and (folder / MANIFEST).exists():
            _clear(folder)
        yield _taken_up(run, facts)


def _refuse_nesting(run: Run) -> None:
    folder = run.folder
    for above in folder.parents:
        if above != run.outputs and run.outputs in above.parents and (above / MANIFEST).exists():
            raise ConfigError(f"name: {folder} would lie inside the run {above}: choose another name=…")
    below = [file.parent for file in folder.rglob(MANIFEST) if file.parent != folder] if folder.is_dir() else []
    if below:
        raise ConfigError(f"name: {folder} holds other runs ({below[0].relative_to(folder)}): choose another name=…")


def holder(folder: Path) -> str | None:
    """A description of the process that works on a run; None if this machine sees none.

    Some file systems have no locks, or hide locks from other machines. Then only processes of this machine are seen.
    """
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return (folder / LOCK).read_text().strip() or "another process"
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    return None


def _locked(lock: IO[str]) -> None:
    """Lock a file. Retry for a moment, because `holder` also locks it briefly."""
    for _ in range(_GLANCES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            sleep(_GLANCE_S)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _hold(lock: IO[str], folder: Path) -> None:
    """Lock the folder until the file is closed. File systems without locks pass unchecked."""
    try:
        _locked(lock)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "another process"
        raise ConfigError(f"name: {holder} works in {folder}: wait for it, or choose another name=…") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    lock.truncate(0)
    since = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
    lock.write(f"process {os.getpid()} on {socket.gethostname()} (since {since})\n")
    lock.flush()


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _taken_up(run: Run, facts: Mapping[str, Any]) -> Store:
    folder, store = run.folder, Store(run.folder)
    (folder / JOBS / CANCEL).unlink(missing_ok=True)
    if (folder / MANIFEST).exists():
        _check_same(run, folder, facts)
    elif any(file.suffix != ".draft" and file.name not in (LOCK, JOBS) for file in folder.iterdir()):
        raise ConfigError(f"name: {folder} is not empty, and what it holds is not a run: choose another name=…")
    else:
        store.write(MANIFEST, json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n")
    session = {name: facts[name] for name in ("started", "command", *SESSION_FACTS)}
    append_lines(folder / SESSIONS, [json.dumps(session, ensure_ascii=False, default=str) + "\n"])
    return store


def _check_same(run: Run, folder: Path, facts: Mapping[str, Any]) -> None:
    if run.if_exists == "fail":
        raise ConfigError(f"name: {folder} holds a run already and if_exists=fail: choose another name=…")
    there = read_manifest(folder)
    faults = differences(there["settings"], json.loads(json.dumps(facts["settings"], default=str)))
    faults = faults or changes_outside(there, facts)  # other settings explain other data
    if faults:
        title = f"{folder} holds a different run; choose another name=…, or delete that run with if_exists=replace:"
        raise ConfigError(listed(title, faults))


def kept_notes(store: Store, notes: Sequence[str]) -> tuple[str, ...]:
    """The notes as results hold them. What is cut in them is written to `NOTES`, which each of these names."""
    if text := in_full(notes):
        store.write(NOTES, text)
    return tuple(f"{note}; all are in {NOTES}" if is_cut(note) else str(note) for note in notes)


def changes_between_sessions(folder: Path) -> tuple[str, ...]:
    """A note for each fact about code, packages and machine that changed between sessions."""
    sessions = read_sessions(folder, tuple(SESSION_FACTS))
    changed = [
        what for name, what in SESSION_FACTS.items() if any(session[name] != sessions[0][name] for session in sessions)
    ]
    return tuple(
        f"the run was resumed with another {what} ({SESSIONS} has both): numbers may differ, by rounding or more"
        for what in changed
    )
