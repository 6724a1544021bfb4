"""LooGLE (arXiv 2311.04939): long documents. Their questions are a list that was printed into a text; it is read as a
literal, and nothing in it is evaluated.

Questions with blanks to fill in, and documents that only a summary is asked of, are left out.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass as declared

from seal.base.values import answers_of
from seal.task.column_types import AsListOrNone, Perhaps, Text
from seal.task.formats import Format, Said, questions

CLOZE = "questions with blanks to fill in were left out"
SUMMARY = "documents that only a summary is asked of were left out"


def _without_blanks(value: Any) -> Any:
    """The answer; none where it is an object with one for each blank.

    Raises:
        ValueError: there is none, or it is of a kind that is no answer.
    """
    if isinstance(value, dict):
        return ()
    if not any(answers := answers_of(value)):
        raise ValueError("is empty")
    return answers


def _none(value: Any) -> Any:
    return None if value == "none" else value


@declared(frozen=True)
class _Question:
    Q: Text
    A: Annotated[tuple[Perhaps, ...], BeforeValidator(_without_blanks)]
    type: Perhaps = ""


@declared(frozen=True)
class _Row:
    input: Text
    title: Text
    qa_pairs: Annotated[tuple[_Question, ...], AsListOrNone, BeforeValidator(_none)]


def _said(row: _Row) -> Said:
    if not row.qa_pairs:
        return Said(left_out=(SUMMARY,))
    asked = questions(*((each.Q, each.A, each.type) for each in row.qa_pairs))
    return Said(
        title=row.title, passage=row.input, questions=asked, left_out=(CLOZE,) * (len(row.qa_pairs) - len(asked))
    )


LOOGLE = Format(name="loogle", columns=("input", "title", "qa_pairs"), row=_Row, said=_said, flat=False)
