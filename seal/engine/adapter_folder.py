"""Adapters on disk for as long as an engine needs them there, preferably on a disk that is memory."""

import fcntl
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from seal.engine import Request
from seal.errors import ConfigError, RunError
from seal.nn.adapters import Adapter

PREFIX = "seal-adapters-"
_LOCK = "lock"
_SETTLED_S = 60.0
"""A folder younger than this may be about to be locked."""


class AdapterFolder:
    """A folder for adapters under names that are used once.

    An engine may keep what it computed with old weights for a name that comes again (vllm-project/vllm#42125).
    It goes with this process. Where the process was killed, the next one sweeps it away.
    """

    def __init__(self, place: Path | None, budget_gb: float | None = None) -> None:
        place = place or memory_disk()
        self._budget = None if budget_gb is None else round(budget_gb * 1e9)
        try:
            _sweep(place)
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError as error:
            raise ConfigError(
                f"engine.adapter_folder: cannot write to {place} ({error.strerror}): choose another folder"
            ) from error
        lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._numbers = count(1)
        self._clear = weakref.finalize(self, _remove, self.path, lock)

    def write(self, adapter: Adapter, *, base_model: str) -> Path:
        """The adapter in PEFT's format, in a folder whose name never comes again."""
        folder = self.path / f"{self.path.name.removeprefix(PREFIX)}-{next(self._numbers)}"
        adapter.save(folder, base_model=base_model)
        return folder

    def room_for(self, requests: Sequence[Request]) -> int:
        """How many of the adapters of some requests may lie here at once, by the budget and by what is free.

        Raises:
            RunError: not even one.
        """
        largest = max((adapter.n_bytes for adapter in distinct(requests)), default=0)
        if not largest:
            return len(requests)
        free = shutil.disk_usage(self.path).free
        room = min(free, free if self._budget is None else self._budget)
        if room < largest:
            budget = "null" if self._budget is None else f"{self._budget / 1e9:.3g}"
            raise RunError(
                f"engine.adapter_folder: {self.path.parent} has {free / 1e9:.3g} GB free, engine.adapter_budget_gb is "
                f"{budget}, and an adapter takes {largest / 1e9:.3g} GB: make room, raise the budget, or choose "
                "another folder"
            )
        return room // largest

    def remove(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        self._clear()


def memory_disk() -> Path:
    """A folder in memory where the system has one, else the one for temporary files."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _sweep(place: Path) -> None:
    """Remove the folders of processes that are gone: nobody holds their locks."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < _SETTLED_S:
                continue
            with (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # in use, somebody else's, or gone meanwhile


def by_adapters(requests: Sequence[Request], size: int) -> list[list[int]]:
    """The numbers of the requests in groups with at most `size` adapters each; those without one are a group apart.

    vLLM's kernels for CPUs answer a request without an adapter wrongly in a batch with adapted ones (25 of 27 texts).
    """
    plain = [number for number, request in enumerate(requests) if not request.adapter]
    groups: list[list[int]] = []
    place: dict[int, int] = {}
    for number, request in enumerate(requests):
        if request.adapter:
            group = place.setdefault(id(request.adapter), len(place) // size)
            groups += [[] for _ in range(group + 1 - len(groups))]
            groups[group].append(number)
    return [plain, *groups] if plain else groups


def distinct(requests: Sequence[Request]) -> list[Adapter]:
    """The adapters of some requests, once each. The run was checked: none has weights trained as a whole."""
    return list({id(each.adapter): each.adapter for each in requests if isinstance(each.adapter, Adapter)}.values())
