"""The letters of options, as questions of multiple choice show them."""

from collections.abc import Sequence
from string import ascii_uppercase

LETTERS = ascii_uppercase
"""One for each option, in order. No question has more."""


def lettered(question: str, options: Sequence[str]) -> str:
    """A question with its options below it, each on a line of its own; without options the question alone."""
    return "\n".join([question, *(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))])
