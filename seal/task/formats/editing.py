"""What sets for the editing of knowledge have in common: a row is one statement and questions of several kinds.

The passage is the statement: the prompt with its new answer behind it. Questions of the kind `locality` ask for
something else, which training should leave as it is.
"""

from collections.abc import Iterable

from seal.task.formats import Said, questions

Probe = tuple[str, Iterable[str], str]
"""A question, its answers and its kind. Empty ones are left out."""


def statement(prompt: str, answer: str) -> str:
    """A prompt with its answer, as a sentence."""
    said = f"{prompt} {answer}"
    return said if said.endswith((".", "!", "?")) else f"{said}."


def edit(subject: str, prompt: str, answer: str, *probes: Probe) -> Said:
    """The statement, asked for directly and by probes."""
    return Said(
        title=subject or prompt,
        passage=statement(prompt, answer),
        questions=questions((prompt, [answer], "direct"), *probes),
    )
