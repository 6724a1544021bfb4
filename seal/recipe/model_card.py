"""The model card beside an adapter: its training data, its accuracy, and how to load it."""

from collections.abc import Sequence

from seal.authorship import UNTRAINED
from seal.recipe.consolidation import Consolidated
from seal.stats.results import Row
from seal.work.lab import Lab

_CARD = """\
---
base_model: {base}
library_name: peft
tags: [{tags}]
---

# {name}

A {kind} adapter for `{base}` that holds what {n_passages} passages say. It was trained by
[SEAL](https://arxiv.org/abs/2506.10943) on {trained_on}:
{n_sequences} training sequences with {n_tokens} tokens, {n_steps} optimizer steps, last loss {loss:.3f} nats per token.

{measured}

    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = AutoModelForCausalLM.from_pretrained("{base}")
    model = PeftModel.from_pretrained(base, "path/to/this/folder")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")

The passages' data has the SHA-256 `{sha256}`; the run's `manifest.json` holds every setting.
"""


def model_card(lab: Lab, *, n_self_edits: int, made: Consolidated, table: Sequence[Row]) -> str:
    """The card as Markdown, with the metadata block of model hubs."""
    kind = "DoRA" if lab.run.inner.makes_dora else "LoRA"
    return _CARD.format(
        base=lab.run.model.path,
        name=lab.run.name,
        n_passages=len(lab.contexts.all),
        kind=kind,
        tags=", ".join([kind.lower(), "seal", *(["self-edits"] if n_self_edits else [])]),
        trained_on=_trained_on(lab, n_self_edits),
        n_sequences=made.training.n_sequences,
        n_tokens=made.training.n_tokens,
        n_steps=len(made.training.losses),
        loss=made.training.losses[-1],
        measured="\n".join(_sentence(row, lab.run.task.shows_the_passage) for row in table)
        or "The passages came without questions, so nothing was measured.",
        sha256=lab.contexts.sha256,
    )


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
