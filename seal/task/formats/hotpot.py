"""HotpotQA (arXiv 1809.09600), and what has its columns, such as 2WikiMultihopQA: questions over several paragraphs.

The passage is the paragraphs that the answer needs. The distractors beside them are left out: they test reading.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass as declared

from seal.base.values import kind_of
from seal.task.column_types import AsList, Perhaps, Text
from seal.task.formats import Format, Said, joined, questions

LOST = "questions, one of whose supporting paragraphs is not in the file, were left out"


def _pair(*names: str) -> BeforeValidator:
    """A list of two values, by name; on the hub it is an object."""

    def paired(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        if len(value) != 2:
            raise ValueError(f"is {kind_of(value)} of {len(value)}, not of {' and '.join(names)}")
        return dict(zip(names, value, strict=True))

    return BeforeValidator(paired)


@declared(frozen=True)
class _Fact:
    title: Text


@declared(frozen=True)
class _Paragraph:
    title: Text
    sentences: Annotated[tuple[Perhaps, ...], AsList]


@declared(frozen=True)
class _Row:
    question: Text
    answer: Text
    supporting_facts: Annotated[tuple[Annotated[_Fact, _pair("title", "sent_id")], ...], AsList]
    context: Annotated[tuple[Annotated[_Paragraph, _pair("title", "sentences")], ...], AsList]
    type: Perhaps = ""


def _said(row: _Row) -> Said:
    needed = {fact.title for fact in row.supporting_facts}
    found = (each for each in row.context if each.title in needed)
    paragraphs = sorted(found, key=lambda each: each.title)  # each question has them in another order
    if not needed or not needed <= {each.title for each in paragraphs}:
        return Said(left_out=(LOST,))
    return Said(
        title=joined(each.title for each in paragraphs),
        passage="\n".join(" ".join(filter(None, each.sentences)) for each in paragraphs),
        questions=questions((row.question, [row.answer], row.type or "multi_hop")),
    )


HOTPOT = Format(name="hotpot", columns=("question", "answer", "supporting_facts", "context"), row=_Row, said=_said)
