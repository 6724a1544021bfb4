"""Names become paths here, and paths stay where they belong: what a file of a stranger says never leads out of a run.

Names of runs come from command lines, ids from data files, folders from records, and links from whoever packed a
folder that is handed on.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from seal.errors import UsageError

LONGEST_BYTES = 255
"""Of one part of a path, on every file system that matters."""
_WRITTEN_WHEN_READ = ("report", "tensorboard", "damaged")
"""Folders of a run that commands write to which only read the run."""


def fault_of_name(name: str) -> str | None:
    """Why a name leads to no folder inside the one that it is put below; None if it does."""
    parts = Path(name).parts
    if not parts or ".." in parts or Path(name).is_absolute():
        return "it leads elsewhere"
    if not name.isprintable():
        return "it has characters that cannot be printed"
    if longest := next((part for part in parts if len(part.encode()) > LONGEST_BYTES), None):
        return f"a part of it has {len(longest.encode())} bytes, and file systems take {LONGEST_BYTES}"
    return None


def inside(folder: Path, name: str) -> Path:
    """What a name means in a folder.

    Raises:
        UsageError: it is not in there, or is the folder itself.
    """
    path = folder / name
    if fault_of_name(name) or folder.resolve() not in path.resolve().parents:
        raise UsageError(f"{folder} names {name!r} as a part of itself, which it is not: nothing was done there")
    return path


def digest_of(text: str) -> str:
    """Eight characters that tell a text from others."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def shortened(name: str, longest: int = 200) -> str:
    """A part of a path with that many bytes at most; where it was cut, no other name becomes the same."""
    raw = name.encode(errors="surrogatepass")
    if len(raw) <= longest:
        return name
    return f"{raw[: longest - 9].decode(errors='ignore')}-{digest_of(name)}"


def refuse_links_out(folder: Path) -> None:
    """A folder that somebody else packed may have links in the place of what is written to.

    Raises:
        UsageError: one leads out of it.
    """
    home = folder.resolve()
    for path in _written_to(folder):
        if path.is_symlink() and home not in path.resolve().parents:
            raise UsageError(
                f"{path} is a link that leads out of the run's folder, to {path.resolve()}: nothing is written through "
                "it; put what it points to in its place, or remove it"
            )


def _written_to(folder: Path) -> Iterator[Path]:
    yield from folder.iterdir() if folder.is_dir() else ()
    for name in _WRITTEN_WHEN_READ:
        for where, folders, files in os.walk(folder / name):
            yield from (Path(where) / each for each in (*folders, *files))
