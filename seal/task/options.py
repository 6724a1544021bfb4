"""What questions of multiple choice have in common: options, one of which is right."""

from collections.abc import Sequence

from seal.base.lettering import LETTERS
from seal.task.questions import Asked


def choice(question: str, options: Sequence[str], right: int, kind: str = "") -> Asked:
    """A question with its options; `right` counts from 0.

    Raises:
        ValueError: there is no such option, or options are too few or too many.
    """
    if fault := fault_of_options(options):
        raise ValueError(f"'{question[:40]}' {fault}")
    return Asked(question, (options[right],), kind, tuple(options))


def fault_of_options(options: Sequence[str]) -> str | None:
    """Why options cannot be shown with letters; the message goes on after the question."""
    if not 2 <= len(options) <= len(LETTERS):
        return f"has {len(options)} options; a question has 2 to {len(LETTERS)}"
    return None if all(options) else "has an empty option"


def numbered(letter: str, n_options: int) -> int | None:
    """The place of a letter, counted from 0: also of `(B)` or `b`; None if it is no letter of an option."""
    found = letter.strip("(). ").upper()
    place = LETTERS.find(found) if len(found) == 1 else -1
    return place if 0 <= place < n_options else None
