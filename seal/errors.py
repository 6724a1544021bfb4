"""Every error that SEAL raises on purpose, and the exit code that the command line gives it.

    SealError
    ├── UsageError        2   the user can mend it: nothing expensive has started
    │   ├── ConfigError       an option, a key, a value, or two that do not fit together
    │   ├── DataError         a file of contexts, or rows of it
    │   └── ModelError        a model folder or name
    └── RunError          1   the run began and cannot go on; what was recorded stays

An interruption (Ctrl-C, SIGTERM) is no error: exit code 130, and the same command resumes.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

INTERRUPTED = 130
"""The exit code of an interruption."""
FAULTS_SHOWN = 20
"""How many faults a message lists before it only counts the rest."""
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class SealError(Exception):
    """The root: a message for the user, no traceback."""

    exit_code = 1


class UsageError(SealError):
    """What was asked for cannot be done as asked."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration has faults."""


class DataError(UsageError):
    """The contexts cannot be read, or rows of them are faulty."""


class ModelError(UsageError):
    """The model cannot be loaded, or does not fit what the configuration asks of it."""


class RunError(SealError):
    """The run cannot go on. The same command resumes it once the cause is mended."""


def fault_of_text(text: str) -> str | None:
    """Why a text of a file cannot be written down again; None if it can."""
    half = _HALF_CHARACTER.search(text)
    return f"{half[0]!a} is half of a character: the file was cut or converted wrongly" if half else None


def first_line(error: BaseException) -> str:
    """What an error of a library says first; its name if it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def listed(title: str, faults: Sequence[str]) -> str:
    """A message with all faults, one a line, up to `FAULTS_SHOWN`."""
    shown = [f"  {fault}" for fault in faults[:FAULTS_SHOWN]]
    hidden = len(faults) - len(shown)
    return "\n".join([title, *shown, *([f"  … and {hidden} more"] if hidden else [])])


def hint(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known: which one may be meant, or which ones there are."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is {', '.join(known)}" if known else ""
