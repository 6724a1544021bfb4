"""The model card beside an adapter or a merged model: its training data, its accuracy, and how to load it."""

from collections.abc import Sequence

from seal.authorship import UNTRAINED
from seal.recipe.consolidation import ADAPTER, MERGED, Consolidated
from seal.recipe.exporting import Exported
from seal.recipe.measuring import OPEN_BOOK
from seal.stats.results import Row
from seal.work.lab import Lab

_CARD = """\
---
base_model: {base}
library_name: {library}
tags: [{tags}]
---

# {name}

{what} that holds what {n_passages} passages say. It was trained by
[SEAL](https://arxiv.org/abs/2506.10943) on {trained_on}:
{n_sequences} training sequences with {n_tokens} tokens, {n_steps} optimizer steps, last loss {loss:.3f} nats per token.

{measured}

{read_back}

{loading}

The passages' data has the SHA-256 `{sha256}`; the run's `manifest.json` holds every setting.
"""

_LOADING_ADAPTER = """\
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = AutoModelForCausalLM.from_pretrained("{base}")
    model = PeftModel.from_pretrained(base, "path/to/this/folder")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")"""

_LOADING_MERGED = """\
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")"""


def model_cards(
    lab: Lab, *, n_self_edits: int, made: Consolidated, exported: Exported, table: Sequence[Row]
) -> dict[str, str]:
    """The card of each folder, as Markdown with the metadata block of model hubs."""
    kind = "DoRA" if lab.run.inner.makes_dora else "LoRA"
    base = lab.run.model.path
    facts = dict(
        base=base,
        name=lab.run.name,
        n_passages=len(lab.contexts.all),
        tags=", ".join([kind.lower(), "seal", *(["self-edits"] if n_self_edits else [])]),
        trained_on=_trained_on(lab, n_self_edits),
        n_sequences=made.training.n_sequences,
        n_tokens=made.training.n_tokens,
        n_steps=len(made.training.losses),
        loss=made.training.losses[-1],
        measured="\n".join(_sentence(row, row.setting == OPEN_BOOK or lab.run.task.shows_the_passage) for row in table)
        or "The passages came without questions, so nothing was measured.",
        sha256=lab.contexts.sha256,
    )
    adapter = dict(
        library="peft",
        what=f"A {kind} adapter for `{base}`",
        read_back=_of_adapter(exported),
        loading=_LOADING_ADAPTER.format(base=base),
    )
    cards = {ADAPTER: _CARD.format(**facts, **adapter)}
    if exported.merged:
        merged = dict(library="transformers", what=f"`{base}` with a {kind} adapter merged into it")
        read_back = f"Its logits are those of the base model and the adapter, but for rounding: {exported.merged}."
        cards[MERGED] = _CARD.format(**facts, **merged, read_back=read_back, loading=_LOADING_MERGED)
    return cards


def _of_adapter(exported: Exported) -> str:
    if exported.refused:
        return f"**PEFT does not load this adapter as it was trained**: {exported.refused}. Take the merged model."
    if not exported.adapter:
        return "It is in the format of its own inner loop, and was not read back."
    return f"Loaded by PEFT, its logits are those that were measured, but for rounding: {exported.adapter}."


def _trained_on(lab: Lab, n_self_edits: int) -> str:
    if not n_self_edits:
        return "the passages alone"
    author = lab.run.self_edit.author(lab.run)
    origin = "that the base model wrote" if author == UNTRAINED else author.origin
    return f"the passages and on {n_self_edits} self-edits about them, {origin}"


def _sentence(row: Row, passage_shown: bool) -> str:
    setting = f"{row.setting} (the passages alone, trained for as long)" if row.matched_to else row.setting
    if row.accuracy is None:
        return f"- {setting}: no answer could be graded"
    interval = f"95 % interval {row.ci95[0]:.3f} to {row.ci95[1]:.3f}" if row.ci95 else "no interval"
    how = "with the passage in the prompt" if passage_shown else "without the passage"
    return (
        f"- {setting}: {row.accuracy:.3f} of the passages' own {row.n_queries} questions answered right {how} "
        f"({interval}, {row.n_contexts} passages)"
    )
