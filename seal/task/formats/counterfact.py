"""CounterFact (arXiv 2202.05262): one counterfactual statement a row, as the beginning of a sentence.

Paraphrases should have the new answer. Neighbours should keep the old one: their kind is `locality`.
"""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as declared

from seal.task.column_types import AsListOrNone, AsObject, Text
from seal.task.formats import Format, Said
from seal.task.formats.editing import edit


@declared(frozen=True)
class _Target:
    text: Text = Field(validation_alias="str")


@declared(frozen=True)
class _Rewrite:
    prompt: Text
    """With `{}` in place of the subject."""
    subject: Text
    target_new: Annotated[_Target, AsObject]
    target_true: Annotated[_Target, AsObject]


@declared(frozen=True)
class _Row:
    requested_rewrite: Annotated[_Rewrite, AsObject]
    paraphrase_prompts: Annotated[tuple[Text, ...], AsListOrNone] = ()
    neighborhood_prompts: Annotated[tuple[Text, ...], AsListOrNone] = ()


def _said(row: _Row) -> Said:
    rewrite = row.requested_rewrite
    if "{}" not in rewrite.prompt:
        raise ValueError(f"column requested_rewrite, prompt: no {{}} for the subject in '{rewrite.prompt[:40]}'")
    new, old = rewrite.target_new.text, rewrite.target_true.text
    return edit(
        rewrite.subject,
        rewrite.prompt.replace("{}", rewrite.subject),
        new,
        *((prompt, [new], "rephrase") for prompt in row.paraphrase_prompts),
        *((prompt, [old], "locality") for prompt in row.neighborhood_prompts),
    )


COUNTERFACT = Format(
    name="counterfact",
    columns=("requested_rewrite.prompt", "requested_rewrite.target_new", "requested_rewrite.target_true"),
    row=_Row,
    said=_said,
    flat=False,
)
