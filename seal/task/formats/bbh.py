"""BIG-Bench Hard (arXiv 2210.09261), a file a task: `{"examples": [{"input", "target"}]}`. It has no passages, so it
measures a model as it is.

Options in the input, as `(A) …` or `- …`, become options of the question. Other tasks have open questions. Some
published questions were cut apart at their commas, so that their target is none of their options: they are left out.
"""

import re

from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import Text
from seal.task.formats import Format, Said, questions
from seal.task.options import choice, numbered

BROKEN = "questions whose target is not among two or more options were left out"
_OPTIONS = re.compile(r"\s*\bOptions:\s*\n(?P<options>(?:\s*(?:\([A-Z]\)|-)\s+[^\n]+(?:\n|$))+)\s*$")
_MARK = re.compile(r"^\s*(?:\([A-Z]\)|-)\s+")


@declared(frozen=True)
class _Row:
    input: Text
    target: Text


def _said(row: _Row) -> Said:
    found = _OPTIONS.search(row.input)
    if not found:
        return Said(questions=questions((row.input, [row.target], "")))
    options = [_MARK.sub("", line).strip() for line in found["options"].splitlines() if line.strip()]
    right = options.index(row.target) if row.target in options else numbered(row.target, len(options))
    if right is None or len(options) < 2 or not all(options):
        return Said(left_out=(BROKEN,))
    return Said(questions=(choice(row.input[: found.start()], options, right),))


BBH = Format(name="bbh", columns=("input", "target"), row=_Row, said=_said, only_asks=True)
