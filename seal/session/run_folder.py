"""The folder of a run: made, taken up again, or refused, and held by one process at a time.

Nothing is overwritten unasked, and nothing is deleted that this run did not make.
"""

import errno
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import IO, Any

from seal.base.paths import refuse_links_out
from seal.config.run import Run
from seal.errors import ConfigError, listed
from seal.folder.run_files import SESSIONS, read_manifest, read_sessions
from seal.folder.store import CANCEL, JOBS, MANIFEST, Store, append_lines
from seal.session.manifest import changes_outside, differences

LOCK = "run.lock"
SESSION_FACTS = {
    "seal": "version of SEAL",
    "git": "revision of the code",
    "packages": "set of packages",
    "machine": "kind of machine",
}
"""What may differ between the processes that work on one run, one after the other."""
_GLANCES, _GLANCE_S = 5, 0.05
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def opened(run: Run, facts: Mapping[str, Any]) -> Iterator[Store]:
    """The run's folder with its manifest, as `if_exists` wants it, for this process alone.

    Raises:
        ConfigError: the folder holds another run, lies in one, or has one at work in it; or `if_exists=fail` and it
            holds any; or it cannot be written.
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
    """Who works on a run, in words; None for nobody that can be seen from here.

    Where a file system knows no locks, or keeps them from other machines, only this machine's processes are seen.
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
    """Who only looks whether somebody holds the lock has it for a moment, too."""
    for _ in range(_GLANCES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            sleep(_GLANCE_S)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _hold(lock: IO[str], folder: Path) -> None:
    """Lock the folder until the file is closed. File systems that know no locks are trusted."""
    try:
        _locked(lock)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "another process"
        raise ConfigError(f"name: {holder} is at work in {folder}: wait for it, or choose another name=…") from None
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
        raise ConfigError(f"name: {folder} is not empty and holds no run: choose another name=…")
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
    faults = faults or changes_outside(there, facts)  # data that other settings made is no news
    if faults:
        title = f"{folder} holds another run; choose another name=…, or if_exists=replace to delete that one:"
        raise ConfigError(listed(title, faults))


def changes_between_sessions(folder: Path) -> tuple[str, ...]:
    """A note for each fact about code, packages and machine that was not the same all the time."""
    sessions = read_sessions(folder, tuple(SESSION_FACTS))
    changed = [
        what for name, what in SESSION_FACTS.items() if any(session[name] != sessions[0][name] for session in sessions)
    ]
    return tuple(
        f"the run was resumed on another {what}: {SESSIONS} has both, and numbers may differ by rounding or more"
        for what in changed
    )
