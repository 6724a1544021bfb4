"""Self-edits as prose: a template asks for them, and a rule splits them into training sequences.

There are lists of implications, rewritten passages, questions with answers, and reasoning before a list. They differ
only in template and splitting, so each is a YAML file of this class. The rules of splitting follow the published code
(arXiv 2506.10943 and its repository), because rewards depend on them.
"""

import re
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, PositiveInt

from seal.self_edit import SelfEditFormat
from seal.self_edit.passage import passage_plan, titled_plan
from seal.settings import option
from seal.text import fill, lines, shows
from seal.types import Context, Invalid, Plan, SelfEdit

SEGMENT_BREAK = "---"
TEMPLATE = """\
Below is a passage. List, one per line, the facts and conclusions that follow from it.

Passage:
{title}
{passage}

Implications:
"""
_QUESTION = re.compile(r"Question\s+\d+:")
_NEXT_QUESTION = re.compile(r"\n(?=Question\s+\d+:)")
_ANSWER = re.compile(r"Answer\s*:")

PassageTemplate = Annotated[str, AfterValidator(shows("passage", perhaps=("title",)))]


@option
class Prose(SelfEditFormat):
    """A text about the passage (arXiv 2506.10943 §3.1, and its ablation of prompt formats)."""

    template: PassageTemplate = TEMPLATE
    """The prompt, with the placeholders `{title}` and `{passage}`. `@FILE` reads it from a file."""
    splitting: Literal["whole", "newlines"] = "newlines"
    """`newlines`: each line is a training sequence. `whole`: each segment between `---` is one."""
    unsplit_rounds: tuple[PositiveInt, ...] = ()
    """Training rounds, from 1, in which self-edits are not split into lines. The published code did this in round 2, by
    accident."""
    marker: str | None = None
    """Only text after the first line equal to this marker is used, if there is one. null uses the whole text."""
    max_sequences: PositiveInt | None = 30
    """Maximum number of sequences from a self-edit. More are dropped. null keeps all."""
    append_passage: bool = True
    """If true, the passage itself is trained on too, as the last sequence."""
    for_chat: bool = False
    """If true, the template is written for a chat model, and needs model.chat=true."""
    max_new_tokens: PositiveInt = 1024
    """Maximum length of a self-edit. A longer one is cut, and used. The published code cuts at 8192."""

    @property
    def needs_chat(self) -> bool:
        return self.for_chat

    def practised_in(self, number: int) -> Self:
        return replace(self, splitting="whole") if number in self.unsplit_rounds else self

    def prompt(self, context: Context) -> str:
        return fill(self.template, title=context.title, passage=context.text)

    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        text = after_marker(self_edit.text, self.marker) if self.marker else self_edit.text
        segments = split(text, by_lines=self.splitting == "newlines")
        kept = segments[: self.max_sequences]
        plan = titled_plan(context, kept, append_passage=self.append_passage)
        n_dropped = len(segments) - len(kept)
        return replace(plan, n_dropped=n_dropped) if isinstance(plan, Plan) and n_dropped else plan

    def unedited(self, context: Context) -> Plan:
        return passage_plan(context)


def after_marker(text: str, marker: str) -> str:
    """The text after the first line equal to `marker`; the whole text if there is no such line."""
    all_lines = text.splitlines(keepends=True)
    for number, line in enumerate(all_lines):
        if line.strip() == marker:
            return "".join(all_lines[number + 1 :])
    return text


def split(text: str, *, by_lines: bool) -> list[str]:
    """The segments of a self-edit, stripped and not empty. The module's docstring gives the source of the rules."""
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
    """The text, cut before each line that opens a numbered question. A first piece without a number gets `Question 1:`.

    As in the published code, a piece keeps the blank line before the next question.
    """
    first, *others = _NEXT_QUESTION.split(text.strip())
    return [first if first.startswith("Question") else f"Question 1: {first.strip()}", *others]
