"""What an option is: a frozen class whose fields are its settings, checked when it is built.

    @option
    class Exact(Grader):
        case_sensitive: bool = False
        \"\"\"Whether `Paris` and `paris` differ.\"\"\"

The class is the schema: its annotations hold types and ranges, its YAML file lists the same names. Building one touches
no disk, network or GPU and imports nothing heavy, so that checking a configuration is building it.
"""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar, dataclass_transform

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Class = TypeVar("Class", bound=type[Any])

_CHECKS = ConfigDict(
    extra="forbid",
    arbitrary_types_allowed=True,
    allow_inf_nan=False,
    str_strip_whitespace=False,
)


class Chosen(Protocol):
    """The options of a run, as one of them sees the others. Rooms do not know each other's classes."""

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
    def recipe(self) -> Any: ...
    @property
    def cluster(self) -> Any: ...


class Option:
    """Something that can be chosen, and is asked whether it fits the rest."""

    def faults(self, run: Chosen) -> Iterator[str]:
        """Why it does not fit the other choices, as `key: what, and what would be right`; nothing where it does.

        It reads no files: that is for what is asked before a run starts.
        """
        yield from ()


@dataclass_transform(kw_only_default=True, frozen_default=True)
def option(cls: Class) -> Class:
    """Make a class an option of a room: a frozen, keyword-only pydantic dataclass that refuses unknown settings."""
    return dataclass(frozen=True, kw_only=True, config=_CHECKS)(cls)  # type: ignore[return-value]


def check_micro_batches(batch_size: int, micro_batch_size: int | None) -> None:
    """For every option whose batches may be cut to what fits into memory.

    Raises:
        ValueError: the pieces are not equally large.
    """
    if batch_size % (micro_batch_size or batch_size):
        raise ValueError(f"micro_batch_size {micro_batch_size} does not divide batch_size {batch_size}")
