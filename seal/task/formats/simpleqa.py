"""SimpleQA (arXiv 2411.04368): short questions about facts. It has no passages, so it measures a model as it is."""

from typing import Annotated

from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import AsObjectOrNone, Perhaps, Text
from seal.task.formats import Format, Said, questions


@declared(frozen=True)
class _Metadata:
    topic: Perhaps = ""


@declared(frozen=True)
class _Row:
    problem: Text
    answer: Text
    metadata: Annotated[_Metadata, AsObjectOrNone]


def _said(row: _Row) -> Said:
    return Said(questions=questions((row.problem, [row.answer], row.metadata.topic)))


SIMPLEQA = Format(name="simpleqa", columns=("metadata", "problem", "answer"), row=_Row, said=_said, only_asks=True)
