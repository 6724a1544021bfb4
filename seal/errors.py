"""Every error that SEAL raises on purpose, and its exit code on the command line.

    SealError
    ├── UsageError        2   the user can mend it; nothing expensive has started
    │   ├── ConfigError       a faulty option, key or value, or choices that do not fit together
    │   ├── DataError         a faulty file of contexts, or faulty rows in it
    │   └── ModelError        a faulty model folder or name
    └── RunError          1   the run has started and cannot go on; its records stay

An interruption (Ctrl-C, SIGTERM) is not an error: the exit code is 130, and the same command resumes.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

INTERRUPTED = 130
"""The exit code of an interruption."""
FAULTS_SHOWN = 20
"""Maximum number of faults that a message lists. It only counts the rest."""
NAMES_SHOWN = 3
"""Maximum number of names that a sentence lists. It only counts the rest."""
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class SealError(Exception):
    """The root of all errors. The user sees its message, without a traceback."""

    exit_code = 1


class UsageError(SealError):
    """The request is faulty. The user can mend it, and nothing expensive has started."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration has faults."""


class DataError(UsageError):
    """The contexts cannot be read, or rows of them are faulty."""


class ModelError(UsageError):
    """The model cannot be loaded, or does not fit the configuration."""


class RunError(SealError):
    """The run cannot go on. The same command resumes it once the cause is mended."""


def fault_of_text(text: str) -> str | None:
    """Why a text from a file cannot be written as UTF-8; None if it can."""
    half = _HALF_CHARACTER.search(text)
    return f"{half[0]!a} is half of a character: the file was cut or converted wrongly" if half else None


def first_line(error: BaseException) -> str:
    """The first line of a library's error; the name of its class if it has no message."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def listed(title: str, faults: Sequence[str]) -> str:
    """A message that lists faults, one per line, up to `FAULTS_SHOWN`."""
    shown = [f"  {fault}" for fault in faults[:FAULTS_SHOWN]]
    hidden = len(faults) - len(shown)
    return "\n".join([title, *shown, *([f"  … and {hidden} more"] if hidden else [])])


def cut_list(names: Sequence[str]) -> str:
    """The first `NAMES_SHOWN` names of many, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def hint(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the name that may be meant, or all known names."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is {', '.join(known)}" if known else ""
