"""KnowEdit (arXiv 2401.01286) and other files of EasyEdit: `prompt` and `target_new`, with probes by name.

Whatever stands under `portability` has the kind `portability`, and likewise `locality`.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass as declared

from seal.base.values import answers_of
from seal.task.column_types import Answered, AsListOrNone, AsObjectOrNone, Perhaps, Text
from seal.task.formats import Format, Said
from seal.task.formats.editing import Probe, edit


def _flattened(value: Any) -> tuple[str, ...]:
    """All answers of a list, which may have lists of spellings in it."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(text for part in parts for text in answers_of(part) if text))


def _one(value: Any) -> Any:
    """A prompt, which may be a list of one."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


Truth = Annotated[tuple[str, ...], BeforeValidator(_flattened)]


@declared(frozen=True)
class _Probe:
    prompt: Annotated[Text, BeforeValidator(_one)]
    ground_truth: Truth


Probes = Annotated[dict[str, Annotated[tuple[_Probe, ...], AsListOrNone]], AsObjectOrNone]


@declared(frozen=True)
class _Row:
    prompt: Text
    target_new: Text
    subject: Perhaps = ""
    rephrase_prompt: Answered = ()
    rephrase: Answered = ()
    portability: Probes = Field(default_factory=dict)
    locality: Probes = Field(default_factory=dict)
    locality_prompt: Perhaps = ""
    locality_ground_truth: Answered = ()


def _said(row: _Row) -> Said:
    return edit(
        row.subject,
        row.prompt,
        row.target_new,
        *((prompt, [row.target_new], "rephrase") for prompt in (*row.rephrase_prompt, *row.rephrase)),
        *_probes(row.portability, "portability"),
        *_probes(row.locality, "locality"),
        (row.locality_prompt, row.locality_ground_truth, "locality"),
    )


def _probes(by_name: dict[str, tuple[_Probe, ...]], kind: str) -> Iterator[Probe]:
    for probes in by_name.values():
        yield from ((each.prompt, each.ground_truth, kind) for each in probes)


KNOWEDIT = Format(name="knowedit", columns=("prompt", "target_new"), row=_Row, said=_said, flat=False)
