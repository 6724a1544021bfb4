"""ZsRE, as EasyEdit has it (arXiv 2308.07269; questions of arXiv 1706.04115): one changed fact a row.

The new answer is `alt`; without one, the first of `answers`.
"""

from typing import Annotated

from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import Answered, AsListOrNone, Perhaps, Text
from seal.task.formats import Format, Said
from seal.task.formats.editing import edit

_NATURAL_QUESTIONS = "nq question: "


@declared(frozen=True)
class _Row:
    subject: Text
    src: Text
    alt: Perhaps = ""
    answers: Annotated[tuple[Perhaps, ...], AsListOrNone] = ()
    rephrase: Perhaps = ""
    loc: Perhaps = ""
    loc_ans: Answered = ()


def _said(row: _Row) -> Said:
    target = next(filter(None, (row.alt, *row.answers)), "")
    if not target:
        raise ValueError("columns alt and answers: both are empty")
    return edit(
        row.subject,
        row.src,
        target,
        (row.rephrase, [target], "rephrase"),
        (row.loc.removeprefix(_NATURAL_QUESTIONS), row.loc_ans, "locality"),
    )


ZSRE = Format(name="zsre", columns=("subject", "src", "answers", "loc", "loc_ans"), row=_Row, said=_said, flat=False)
