"""Results that others have published, read into our own values. Knows their files; runs nothing."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from seal.errors import DataError, listed

DIGITS = 4
"""To which published numbers are rounded."""
JUDGE = "published verdict"
"""The grader of imported verdicts."""


def faults_of(error: ValidationError) -> list[str]:
    """What is wrong with a file's values, each with its place where it has one."""
    faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_url=False)]
    return [": ".join(filter(None, fault)) for fault in faults]


def check_summary(path: Path, *, published: Mapping[str, float], found: Mapping[str, float]) -> None:
    """The numbers that a file gives are those of its own verdicts.

    Raises:
        DataError: with each that is not.
    """
    faults = [
        f"overall.{name} is {value}, but the verdicts give {found[name]:.{DIGITS}f}"
        for name, value in published.items()
        if name in found and round(found[name], DIGITS) != round(value, DIGITS)
    ]
    if faults:
        raise DataError(listed(f"{path} contradicts itself:", faults))
