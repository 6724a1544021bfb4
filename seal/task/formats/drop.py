"""DROP (arXiv 1903.00161), as the hub has it: questions that count, compare and calculate.

Each span is accepted, as the published evaluations take it; the file does not say which of them belong together.
"""

from typing import Annotated

from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import AsList, AsListOrNone, AsObject, Perhaps, Text
from seal.task.formats import Format, Said, questions

UNANSWERED = "questions without an answer were left out"


@declared(frozen=True)
class _Spans:
    spans: Annotated[tuple[Perhaps, ...], AsList]
    types: Annotated[tuple[Perhaps, ...], AsListOrNone] = ()


@declared(frozen=True)
class _Row:
    passage: Text
    question: Text
    answers_spans: Annotated[_Spans, AsObject]
    section_id: Perhaps = ""


def _said(row: _Row) -> Said:
    kind = next(iter(row.answers_spans.types), "")
    asked = questions((row.question, dict.fromkeys(row.answers_spans.spans), kind))
    if not asked:
        return Said(left_out=(UNANSWERED,))
    return Said(title=row.section_id, passage=row.passage, questions=asked)


DROP = Format(name="drop", columns=("passage", "question", "answers_spans.spans"), row=_Row, said=_said)
