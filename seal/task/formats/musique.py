"""MuSiQue (arXiv 2108.00573): questions that take two to four steps over paragraphs.

The passage is the paragraphs that support the answer, without the distractors. Unanswerable questions are left out.
"""

from typing import Annotated

from pydantic.dataclasses import dataclass as declared

from seal.base.values import Flag
from seal.task.column_types import AsList, AsListOrNone, Perhaps, Text
from seal.task.formats import Format, Said, joined, questions

UNANSWERABLE = "questions that their paragraphs do not answer were left out"


@declared(frozen=True)
class _Paragraph:
    paragraph_text: Text
    is_supporting: Flag
    title: Perhaps = ""


@declared(frozen=True)
class _Row:
    question: Text
    paragraphs: Annotated[tuple[_Paragraph, ...], AsList]
    answer: Text
    answer_aliases: Annotated[tuple[Perhaps, ...], AsListOrNone] = ()
    answerable: bool = True


def _said(row: _Row) -> Said:
    supporting = [each for each in row.paragraphs if each.is_supporting]
    if not row.answerable or not supporting:
        return Said(left_out=(UNANSWERABLE,))
    return Said(
        title=joined(each.title for each in supporting),
        passage="\n".join(each.paragraph_text for each in supporting),
        questions=questions((row.question, dict.fromkeys((row.answer, *row.answer_aliases)), "multi_hop")),
    )


MUSIQUE = Format(
    name="musique",
    columns=("question", "answer", "answer_aliases", "paragraphs.paragraph_text"),
    row=_Row,
    said=_said,
)
