"""What an option is: a frozen class whose fields are its settings, checked when it is built.

    @option
    class Exact(Grader):
        case_sensitive: bool = False
        \"\"\"Whether `Paris` and `paris` differ.\"\"\"

The class is the schema: its annotations hold types and ranges, its YAML file lists the same names. Building one touches
no disk, network or GPU and imports nothing heavy, so that checking a configuration is building it.
"""

from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Class = TypeVar("Class", bound=type[Any])

_CHECKS = ConfigDict(
    extra="forbid",
    arbitrary_types_allowed=True,
    use_attribute_docstrings=True,
    allow_inf_nan=False,
    str_strip_whitespace=False,
)


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
