"""Finds the folder of a run or sweep that a command names."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from seal.errors import UsageError, hint
from seal.folder.run_files import OUTCOMES
from seal.folder.store import JOBS, MANIFEST
from seal.settings import at_home

if TYPE_CHECKING:
    from seal.using.sources import Source

OUTPUTS = Path("outputs")


def find_run(name: str, *, waiting: bool = False) -> Path:
    """The folder of a run, given by path or by name under `outputs/`. `waiting` includes runs whose job still waits.

    Raises:
        UsageError: there is no such run.
    """
    for folder in (at_home(Path(name)), OUTPUTS / name):
        if (folder / MANIFEST).is_file() or (waiting and (folder / JOBS).is_dir()):
            return folder
    if sweep := find_sweep(name):
        points = sorted(f"{name.rstrip('/')}/{file.parent.name}" for file in sweep.glob(f"*/{MANIFEST}"))
        raise UsageError(
            f"{name} is a sweep; name one of its points: {', '.join(map(shlex.quote, points)) or 'none has begun'}"
        )
    raise UsageError(f"there is no run '{name}'{hint(name, names_of_runs()) or f'; {OUTPUTS}/ has none'}")


def find_source(name: str, adapter: str | None = None) -> "Source":
    """What can be asked under a name: a run, or the folder of an adapter or a model.

    Raises:
        UsageError: there is nothing of this name, or it has no adapter.
    """
    from seal.using.sources import is_source, of_folder, of_run

    folder = at_home(Path(name))
    is_run = any((each / MANIFEST).is_file() for each in (folder, OUTPUTS / name))
    if folder.is_dir() and not is_run and is_source(folder):
        return of_folder(folder, adapter)
    if folder.is_dir() and not is_run and not find_sweep(name):
        raise UsageError(
            f"{folder} is no run, no adapter and no model: it has no {MANIFEST}, adapter_config.json or config.json"
        )
    return of_run(find_run(name), adapter)


def names_of_runs() -> list[str]:
    """The names of all runs in `outputs/`. A sweep with all its points counts as one name."""
    found = {file.parent.relative_to(OUTPUTS) for file in OUTPUTS.glob(f"**/{MANIFEST}")}
    sweeps = {path.parent for path in found if path.parent.name and find_sweep(str(OUTPUTS / path.parent))}
    return sorted(map(str, sweeps | {path for path in found if path.parent not in sweeps}))


def find_sweep(name: str) -> Path | None:
    """The folder of a sweep, given by path or by name; None if it is not a sweep.

    A sweep's folder holds runs, or their recorded outcomes, and is not a run itself.
    """
    for folder in (at_home(Path(name)), OUTPUTS / name):
        is_sweep = (folder / OUTCOMES).exists() or any(folder.glob(f"*=*/{MANIFEST}"))
        if is_sweep and not (folder / MANIFEST).exists():
            return folder
    return None
