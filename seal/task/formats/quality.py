"""QuALITY (arXiv 2112.08608): multiple choice about long articles. Its files are JSON Lines without such an ending."""

from collections.abc import Iterator
from typing import Annotated

from pydantic.dataclasses import dataclass as declared

from seal.base.values import Flag
from seal.task.column_types import AsList, Text, WholeNumber
from seal.task.formats import Format, Said
from seal.task.options import choice
from seal.task.questions import Asked

UNTOLD = "questions without gold_label, as of the test set, were left out"


@declared(frozen=True)
class _Question:
    question: Text
    options: Annotated[tuple[Text, ...], AsList]
    gold_label: WholeNumber = None
    """From 1 on."""
    difficult: Flag = False


@declared(frozen=True)
class _Row:
    article: Text
    title: Text
    questions: Annotated[tuple[_Question, ...], AsList]


def _said(row: _Row) -> Said:
    asked = tuple(_choices(row))
    return Said(
        title=row.title,
        passage=row.article,
        questions=asked,
        left_out=(UNTOLD,) * (len(row.questions) - len(asked)),
    )


def _choices(row: _Row) -> Iterator[Asked]:
    for place, each in enumerate(row.questions, start=1):
        if each.gold_label is None:
            continue
        if not 1 <= each.gold_label <= len(each.options):
            raise ValueError(
                f"column questions, item {place}: gold_label is {each.gold_label}, but there are {len(each.options)} "
                "options, counted from 1"
            )
        kind = "hard" if each.difficult else "easy"
        yield choice(each.question, each.options, each.gold_label - 1, kind)


QUALITY = Format(name="quality", columns=("article", "title", "questions.options"), row=_Row, said=_said, flat=False)
