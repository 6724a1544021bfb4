"""Where a run lies that a command names."""

from pathlib import Path

from seal.errors import UsageError
from seal.run_files import OUTCOMES
from seal.store import JOBS, MANIFEST

OUTPUTS = Path("outputs")


def find_run(name: str, *, waiting: bool = False) -> Path:
    """The folder of a run, given by path or by its name under `outputs/`; on request, of one whose job still waits.

    Raises:
        UsageError: there is no such run.
    """
    for folder in (Path(name), OUTPUTS / name):
        if (folder / MANIFEST).is_file() or (waiting and (folder / JOBS).is_dir()):
            return folder
    there = sorted(str(file.parent.relative_to(OUTPUTS)) for file in OUTPUTS.glob(f"**/{MANIFEST}"))
    raise UsageError(f"there is no run '{name}'; {OUTPUTS}/ has {', '.join(there) or 'none'}")


def find_sweep(name: str) -> Path | None:
    """The folder of a sweep, found in the same way, if it is one: runs lie or were to lie in it, and it is none."""
    for folder in (Path(name), OUTPUTS / name):
        is_sweep = (folder / OUTCOMES).exists() or any(folder.glob(f"*=*/{MANIFEST}"))
        if is_sweep and not (folder / MANIFEST).exists():
            return folder
    return None
