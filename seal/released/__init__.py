"""Reads published results into SEAL's own values. It knows the published file formats, and runs nothing."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from seal.errors import DataError, listed

DIGITS = 4
"""Decimal digits of published numbers."""
JUDGE = "published verdict"
"""The grader of imported verdicts."""


def faults_of(error: ValidationError) -> list[str]:
    """The faults of a file's values, each with its place if it has one."""
    faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_url=False)]
    return [": ".join(filter(None, fault)) for fault in faults]


def check_summary(path: Path, *, published: Mapping[str, float], found: Mapping[str, float]) -> None:
    """Check that the summary in a file matches the file's own verdicts.

    Raises:
        DataError: some numbers do not match; the error lists them.
    """
    faults = [
        f"overall.{name} is {value}, but the verdicts give {found[name]:.{DIGITS}f}"
        for name, value in published.items()
        if name in found and round(found[name], DIGITS) != round(value, DIGITS)
    ]
    if faults:
        raise DataError(listed(f"{path} contradicts itself:", faults))
