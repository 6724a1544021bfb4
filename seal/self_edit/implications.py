"""Self-edits that are prose: a list of what follows from a passage, each item one training sequence.

The rules of splitting follow the published code (arXiv 2506.10943 and its repository), because rewards depend on them.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, PositiveInt

from seal.self_edit import SelfEditFormat
from seal.settings import option
from seal.text import fill, lines, placeholders
from seal.types import Context, Invalid, Plan, SelfEdit, TrainingSequence

SEGMENT_BREAK = "---"
_QUESTION = re.compile(r"Question\s+\d+:")
_NEXT_QUESTION = re.compile(r"\n(?=Question\s+\d+:)")
_ANSWER = re.compile(r"Answer\s*:")


def _shows_the_passage(template: str) -> str:
    if "passage" not in placeholders(template):
        raise ValueError("a template has to show the {passage}, and may show the {title}")
    return template


@option
class Implications(SelfEditFormat):
    """A list of implications, one a line (arXiv 2506.10943 §3.1)."""

    template: Annotated[str, AfterValidator(_shows_the_passage)]
    """The prompt; `{title}` and `{passage}` are filled in."""
    splitting: Literal["whole", "newlines"]
    """Whether a segment is one training sequence or each of its lines is; segments are separated by `---`."""
    marker: str | None
    """Only what follows the first line that is this marker is used, where there is one; null uses all of the text."""
    max_sequences: PositiveInt | None
    """Sequences of the self-edit beyond this number are dropped; null keeps all."""
    append_passage: bool
    """Whether the passage itself is trained on too, as the last sequence."""

    def prompt(self, context: Context) -> str:
        return fill(self.template, title=context.title, passage=context.text)

    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        text = after_marker(self_edit.text, self.marker) if self.marker else self_edit.text
        segments = split(text, by_lines=self.splitting == "newlines")[: self.max_sequences]
        if not segments:
            return Invalid(reason="the self-edit is empty")
        passage = self.unedited(context).sequences if self.append_passage else ()
        return Plan(sequences=(*(titled(context, segment) for segment in segments), *passage))

    def unedited(self, context: Context) -> Plan:
        return Plan(sequences=(titled(context, context.text.strip()),))


def titled(context: Context, segment: str) -> TrainingSequence:
    return TrainingSequence(text=f"{context.title}\n{segment}")


def after_marker(text: str, marker: str) -> str:
    """What follows the first line that is `marker`, or the whole text where no line is."""
    all_lines = text.splitlines(keepends=True)
    for number, line in enumerate(all_lines):
        if line.strip() == marker:
            return "".join(all_lines[number + 1 :])
    return text


def split(text: str, *, by_lines: bool) -> list[str]:
    """The segments of a self-edit, stripped, none empty; see the module's docstring for where the rules come from."""
    segments = [stripped for segment in text.split(SEGMENT_BREAK) if (stripped := segment.strip())]
    segments = segments or [whole for whole in [text.strip()] if whole]
    if not by_lines:
        return segments
    if _QUESTION.search(text) and _ANSWER.search(text):
        return _questions(text)
    rows = [row for segment in segments for row in lines(segment)]
    has_preamble = len(rows) > 1 and rows[1].startswith("1.")
    return rows[1:] if has_preamble else rows


def _questions(text: str) -> list[str]:
    """The text cut before every line that opens a numbered question; a first piece without a number gets `Question 1:`.

    As published, a piece keeps the blank line before the next question.
    """
    first, *others = _NEXT_QUESTION.split(text.strip())
    return [first if first.startswith("Question") else f"Question 1: {first.strip()}", *others]
