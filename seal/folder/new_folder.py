"""A new folder appears whole or not at all. Nothing that exists is overwritten."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from seal.errors import UsageError
from seal.folder.store import cannot_write


def refuse_existing(folder: Path) -> None:
    """Refuse a place that is taken.

    Raises:
        UsageError: something has this name.
    """
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} exists, and nothing is overwritten: name another folder, or remove this one")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A draft to fill. It becomes the folder when the block ends without an error, and is removed otherwise.

    Raises:
        UsageError: something has this name.
        RunError: it cannot be written.
    """
    refuse_existing(folder)
    draft = folder.with_name(f"{folder.name}.{token_hex(4)}.draft")
    try:
        draft.mkdir(parents=True)
        yield draft
        refuse_existing(folder)
        draft.rename(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
