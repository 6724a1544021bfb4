"""WikiBigEdit (arXiv 2503.05683): facts that changed in Wikidata, month by month."""

from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import Answered, Perhaps, Text
from seal.task.formats import Format, Said
from seal.task.formats.editing import edit


@declared(frozen=True)
class _Row:
    update: Text
    """The question."""
    ans: Text
    subject: Perhaps = ""
    rephrase: Perhaps = ""
    personas: Perhaps = ""
    """The question as a persona would ask it."""
    mhop: Perhaps = ""
    mhop_ans: Answered = ()
    loc: Perhaps = ""
    loc_ans: Answered = ()


def _said(row: _Row) -> Said:
    return edit(
        row.subject,
        row.update,
        row.ans,
        (row.rephrase, [row.ans], "rephrase"),
        (row.personas, [row.ans], "persona"),
        (row.mhop, row.mhop_ans, "multi_hop"),
        (row.loc, row.loc_ans, "locality"),
    )


WIKIBIGEDIT = Format(name="wikibigedit", columns=("update", "ans", "loc", "loc_ans"), row=_Row, said=_said, flat=False)
