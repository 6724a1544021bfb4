"""All published forms by name, and which of them a file is."""

from collections.abc import Mapping
from typing import Literal

from seal.errors import DataError, cut_list
from seal.task.formats import Format
from seal.task.formats.bbh import BBH
from seal.task.formats.counterfact import COUNTERFACT
from seal.task.formats.drop import DROP
from seal.task.formats.hotpot import HOTPOT
from seal.task.formats.knowedit import KNOWEDIT
from seal.task.formats.longbench_v2 import LONGBENCH_V2
from seal.task.formats.loogle import LOOGLE
from seal.task.formats.multihop_rag import MULTIHOP_RAG
from seal.task.formats.musique import MUSIQUE
from seal.task.formats.narrativeqa import NARRATIVEQA
from seal.task.formats.quality import QUALITY
from seal.task.formats.simpleqa import SIMPLEQA
from seal.task.formats.wikibigedit import WIKIBIGEDIT
from seal.task.formats.zsre import ZSRE
from seal.task.rows import Row

Published = Literal[
    "hotpot",
    "musique",
    "drop",
    "narrativeqa",
    "quality",
    "zsre",
    "counterfact",
    "wikibigedit",
    "knowedit",
    "simpleqa",
    "loogle",
    "longbench_v2",
    "multihop_rag",
    "bbh",
]
FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        HOTPOT,
        MUSIQUE,
        DROP,
        NARRATIVEQA,
        QUALITY,
        ZSRE,
        COUNTERFACT,
        WIKIBIGEDIT,
        KNOWEDIT,
        SIMPLEQA,
        LOOGLE,
        LONGBENCH_V2,
        MULTIHOP_RAG,
        BBH,
    )
}


def recognised(row: Row, *, source: str) -> Format | None:
    """The form that has all of its columns in a row; None where there is none.

    Raises:
        DataError: several have.
    """
    found = [form for form in FORMATS.values() if form.fits(row)]
    if len(found) > 1:
        names = " and of ".join(form.name for form in found)
        raise DataError(f"task.format: {source} has the columns of {names}: say which, as task.format={found[0].name}")
    return found[0] if found else None


def named(name: str, row: Row, *, source: str) -> Format:
    """A form that the user names.

    Raises:
        DataError: a row has not its columns.
    """
    form = FORMATS[name]
    lacking = form.lacking(row)
    if lacking:
        other = recognised(row, source=source)
        meant = f"; it has those of {other.name}" if other else f"; there is {', '.join(row)}"
        raise DataError(f"task.format={name}: {source} has no column {cut_list(lacking)} in its first row{meant}")
    return form
