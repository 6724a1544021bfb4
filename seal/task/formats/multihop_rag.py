"""MultiHop-RAG (arXiv 2401.15391): questions over several news articles.

Its file of queries is enough: the passage is the facts of `evidence_list`, each with its article. The file of whole
articles (`corpus.json`) is not read. Questions without evidence are left out: nothing answers them.
"""

from typing import Annotated

from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import AsListOrNone, Perhaps, Text
from seal.task.formats import Format, Said, joined, questions

NO_EVIDENCE = "questions without evidence were left out"


@declared(frozen=True)
class _Evidence:
    fact: Text
    title: Perhaps = ""
    source: Perhaps = ""

    @property
    def line(self) -> str:
        """The fact behind its article, and who published it."""
        source = f" ({self.source})" if self.source else ""
        return f"{self.title}{source}: {self.fact}" if self.title else self.fact


@declared(frozen=True)
class _Row:
    query: Text
    answer: Text
    evidence_list: Annotated[tuple[_Evidence, ...], AsListOrNone]
    question_type: Perhaps = ""


def _said(row: _Row) -> Said:
    if not row.evidence_list:
        return Said(left_out=(NO_EVIDENCE,))
    return Said(
        title=joined(each.title for each in row.evidence_list),
        passage="\n".join(each.line for each in row.evidence_list),
        questions=questions((row.query, [row.answer], row.question_type.removesuffix("_query"))),
    )


MULTIHOP_RAG = Format(name="multihop_rag", columns=("query", "answer", "evidence_list"), row=_Row, said=_said)
