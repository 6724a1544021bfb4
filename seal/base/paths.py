"""Turns names into paths, and keeps paths inside a run's folder. No untrusted name or link can lead out of it.

Names of runs come from command lines, ids from data files, and folders from records. Links come from whoever packed a
folder.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from seal.errors import UsageError

LONGEST_BYTES = 255
"""Maximum length of one part of a path, on all common file systems."""
_WRITTEN_WHEN_READ = ("report", "tensorboard", "damaged")
"""Folders of a run that even reading commands write to."""


def fault_of_name(name: str) -> str | None:
    """Why a name is not a folder inside its parent folder; None if it is."""
    parts = Path(name).parts
    if not parts or ".." in parts or Path(name).is_absolute():
        return "it leads elsewhere"
    if not name.isprintable():
        return "it has characters that cannot be printed"
    if longest := next((part for part in parts if len(part.encode()) > LONGEST_BYTES), None):
        return f"a part of it has {len(longest.encode())} bytes, and file systems take {LONGEST_BYTES}"
    return None


def inside(folder: Path, name: str) -> Path:
    """The path of a name inside a folder.

    Raises:
        UsageError: the path is outside the folder, or is the folder itself.
    """
    path = folder / name
    if fault_of_name(name) or folder.resolve() not in path.resolve().parents:
        raise UsageError(
            f"{folder} refers to {name!r} as a part of itself, but that is outside: nothing was done there"
        )
    return path


def digest_of(text: str) -> str:
    """Eight characters that identify a text."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def shortened(name: str, longest: int = 200) -> str:
    """A part of a path, cut to at most `longest` bytes. A cut name ends in a digest, so it stays unique."""
    raw = name.encode(errors="surrogatepass")
    if len(raw) <= longest:
        return name
    return f"{raw[: longest - 9].decode(errors='ignore')}-{digest_of(name)}"


def refuse_links_out(folder: Path) -> None:
    """Check the paths that SEAL writes to. In a folder from somebody else, they may be links.

    Raises:
        UsageError: a link leads out of the folder.
    """
    home = folder.resolve()
    for path in _written_to(folder):
        if path.is_symlink() and home not in path.resolve().parents:
            raise UsageError(
                f"{path} is a link that leads out of the run's folder, to {path.resolve()}: SEAL does not write "
                "through it; replace it by its target, or remove it"
            )


def _written_to(folder: Path) -> Iterator[Path]:
    yield from folder.iterdir() if folder.is_dir() else ()
    for name in _WRITTEN_WHEN_READ:
        for where, folders, files in os.walk(folder / name):
            yield from (Path(where) / each for each in (*folders, *files))
