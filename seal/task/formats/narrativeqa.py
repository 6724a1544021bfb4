"""NarrativeQA (arXiv 1712.07040): questions about books and scripts.

The passage is the summary, which the questions were written about. The whole text has some 60,000 words.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import Accepted, AsObject, Perhaps, Text
from seal.task.formats import Format, Said, questions


def _texts(value: Any) -> Any:
    """The text of a question, which stands in an object with its tokens."""
    return value.get("text") if isinstance(value, dict) else value


@declared(frozen=True)
class _Summary:
    text: Text
    title: Perhaps = ""


@declared(frozen=True)
class _Document:
    summary: Annotated[_Summary, AsObject]


@declared(frozen=True)
class _Row:
    document: Annotated[_Document, AsObject]
    question: Annotated[Text, BeforeValidator(_texts)]
    answers: Accepted


def _said(row: _Row) -> Said:
    summary = row.document.summary
    return Said(title=summary.title, passage=summary.text, questions=questions((row.question, row.answers, "")))


NARRATIVEQA = Format(name="narrativeqa", columns=("document.summary", "question.text", "answers"), row=_Row, said=_said)
