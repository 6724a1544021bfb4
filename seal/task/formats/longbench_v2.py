"""LongBench v2 (arXiv 2412.15204): multiple choice about very long texts."""

from pydantic import Field
from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import Perhaps, Text
from seal.task.formats import Format, Said
from seal.task.options import choice, numbered


@declared(frozen=True)
class _Row:
    context: Text
    question: Text
    choice_A: Text  # noqa: N815
    choice_B: Text  # noqa: N815
    choice_C: Text  # noqa: N815
    choice_D: Text  # noqa: N815
    answer: Text
    """A letter."""
    id: Perhaps = Field(default="", validation_alias="_id")
    domain: Perhaps = ""


def _said(row: _Row) -> Said:
    options = (row.choice_A, row.choice_B, row.choice_C, row.choice_D)
    right = numbered(row.answer, len(options))
    if right is None:
        raise ValueError(f"column answer: '{row.answer[:40]}' is no letter from A to D")
    return Said(title=row.id, passage=row.context, questions=(choice(row.question, options, right, row.domain),))


LONGBENCH_V2 = Format(
    name="longbench_v2",
    columns=("question", "choice_A", "choice_B", "choice_C", "choice_D", "answer", "context"),
    row=_Row,
    said=_said,
)
