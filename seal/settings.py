"""Options: an option is a frozen class. Its fields are its settings, checked when it is built.

    @option
    class Exact(Grader):
        case_sensitive: bool = False
        \"\"\"Whether `Paris` and `paris` differ.\"\"\"

The class is the schema: its annotations hold types and ranges, and its YAML file lists the same names. Building an
option touches no disk, network or GPU and imports nothing heavy. So SEAL checks a configuration by building it.
"""

from collections.abc import Iterator
from os.path import expanduser
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, dataclass_transform

from pydantic import AfterValidator, ConfigDict
from pydantic.dataclasses import dataclass

Class = TypeVar("Class", bound=type[Any])
Text = TypeVar("Text", str, Path)

_CHECKS = ConfigDict(
    extra="forbid",
    arbitrary_types_allowed=True,
    allow_inf_nan=False,
    str_strip_whitespace=False,
)


def at_home(path: Text) -> Text:
    """The same path, with `~` as the home folder: no shell expands it in the middle of `key=~/x`."""
    return type(path)(expanduser(path))


FileOrFolder = Annotated[Path, AfterValidator(at_home)]
"""A setting that is a path: exactly that one, whatever characters it has."""
PathOrName = Annotated[str, AfterValidator(at_home)]
"""A setting that is a path, or a name: of something on the hub, or of a program."""


class Rooms(Protocol):
    """The options of a run except its recipe, as seen by one of them. Rooms do not know each other's classes."""

    @property
    def model(self) -> Any: ...
    @property
    def task(self) -> Any: ...
    @property
    def self_edit(self) -> Any: ...
    @property
    def inner(self) -> Any: ...
    @property
    def engine(self) -> Any: ...
    @property
    def writer(self) -> Any: ...
    @property
    def grader(self) -> Any: ...
    @property
    def metrics(self) -> Any: ...
    @property
    def logger(self) -> Any: ...
    @property
    def outer(self) -> Any: ...
    @property
    def cluster(self) -> Any: ...


class Chosen(Rooms, Protocol):
    """All options of a run, as seen by one of them."""

    @property
    def recipe(self) -> Any: ...


class Option:
    """An option of a room. It can report whether it fits the other choices."""

    def faults(self, run: Chosen) -> Iterator[str]:
        """Why the option does not fit the other choices, as `key: what is wrong, and what would be right`.

        It reads no files. Checks that need files run later, before a run starts.
        """
        yield from ()


@dataclass_transform(kw_only_default=True, frozen_default=True)
def option(cls: Class) -> Class:
    """Make a class an option of a room: a frozen, keyword-only pydantic dataclass that refuses unknown settings."""
    return dataclass(frozen=True, kw_only=True, config=_CHECKS)(cls)  # type: ignore[return-value]


def check_micro_batches(batch_size: int, micro_batch_size: int | None) -> None:
    """Check the micro-batches of an option.

    Raises:
        ValueError: `micro_batch_size` does not divide `batch_size`.
    """
    if batch_size % (micro_batch_size or batch_size):
        raise ValueError(f"micro_batch_size {micro_batch_size} does not divide batch_size {batch_size}")
