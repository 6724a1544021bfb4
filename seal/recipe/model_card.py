"""The model card beside an adapter or a merged model: what it learned, its cost, how it was measured, how to ask it.

The headings are fixed: `section` finds the text below each, for an export of the same model.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from seal.authorship import UNTRAINED
from seal.chat import Chat
from seal.errors import NAMES_SHOWN
from seal.recipe.consolidation import ADAPTER, MERGED
from seal.recipe.exporting import Exported
from seal.recipe.measuring import OPEN_BOOK
from seal.stats.results import Row
from seal.task import Task
from seal.types import Context, Training
from seal.work.lab import Lab

LEARNED, COST, MEASURED = "What it learned", "What it cost", "How it was measured"
TITLE_SHOWN = 60
"""Characters of a title that the card shows."""
OPEN_QUESTION = "…"
"""Stands in the example for a question, if the run has none."""

_CARD = """\
---
base_model: {base}
library_name: {library}
tags: [{tags}]
---

# {name}

{what}.

## What it learned

What {n_passages} passages say: {titles}. It was trained by
[SEAL](https://arxiv.org/abs/2506.10943) on {trained_on}.

## What it cost

{n_sequences} training sequences with {n_tokens} tokens; {trained_tokens} tokens in {n_steps} optimizer steps{seconds}.
The last loss is {loss:.3f} nats per token.

## How it was measured

{measured}

{read_back}

## How to ask it

{example}

The passages' data has the SHA-256 `{sha256}`; the run's `manifest.json` holds every setting.
"""

_LOADING_ADAPTER = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained({base})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
"""

_LOADING_MERGED = """\
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
"""

_ANSWERING = """\
written = model.generate(**tokens, max_new_tokens={max_tokens}, do_sample=False)
answer = tokenizer.decode(written[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True).strip()
for stop in {stops}:
    answer = answer.partition(stop)[0]
print(answer)
"""


def model_cards(
    lab: Lab,
    *,
    n_self_edits: int,
    training: Training,
    exported: Exported,
    table: Sequence[Row],
    seconds: float | None = None,
    chosen: str = "",
) -> dict[str, str]:
    """The card of each folder, as Markdown with the metadata block of model hubs. `seconds` are those of training;
    `chosen` says how it was chosen."""
    from seal.nn.backbone import load_tokenizer

    run, base = lab.run, lab.run.model.path
    kind = "DoRA" if run.inner.makes_dora else "LoRA"
    facts = dict(
        base=base,
        name=run.name,
        tags=", ".join([kind.lower(), "seal", *(["self-edits"] if n_self_edits else [])]),
        trained_on=_trained_on(lab, n_self_edits),
        measured="\n".join(
            [_sentence(row, row.setting == OPEN_BOOK or run.task.shows_the_passage) for row in table]
            or ["The passages came without questions, so nothing was measured."]
        )
        + (f"\n\n{chosen}." if chosen else ""),
        sha256=lab.contexts.sha256,
        **_passages(lab.contexts.all),
        **_costs(training, seconds),
    )
    prompt = example_prompt(run.task, lab.contexts.all)
    chat = run.model.messages(load_tokenizer(run.model))
    adapter = dict(
        library="peft",
        what=f"A {kind} adapter for `{base}`",
        read_back=_of_adapter(exported),
        example=example(chat, run.task, prompt, base=base),
    )
    cards = {ADAPTER: _CARD.format(**facts, **adapter)}
    if exported.merged:
        merged = dict(library="transformers", what=f"`{base}` with a {kind} adapter merged into it")
        read_back = f"Its logits are those of the base model and the adapter, but for rounding: {exported.merged}."
        shown = example(chat, run.task, prompt)
        cards[MERGED] = _CARD.format(**facts, **merged, read_back=read_back, example=shown)
    return cards


def section(card: str, heading: str) -> str:
    """The text below a heading of a card; empty if there is none."""
    found = re.search(rf"^## {re.escape(heading)}\n+(.*?)(?=^## |\Z)", card, re.DOTALL | re.MULTILINE)
    return found[1].strip() if found else ""


def example_prompt(task: Task, contexts: Sequence[Context]) -> str:
    """A question of the run as the run put it to the model; an open one if the run has none."""
    for context in contexts:
        for query in context.queries:
            return task.prompts(context, query)[0]
    return OPEN_QUESTION


def example(chat: Chat | None, task: Task, prompt: str, *, base: str | None = None) -> str:
    """Python that loads a model and asks it one prompt, greedily, as the run did. `base` is that of an adapter."""
    loading = _LOADING_ADAPTER.format(base=_literal(base)) if base else _LOADING_MERGED
    stops = list(task.answering.stops)
    answering = _ANSWERING.format(max_tokens=task.max_answer_tokens, stops=_literal(stops))
    how = "a message in the chat template of the tokenizer" if chat else "plain text, without a chat template"
    code = f"{loading}\n{_reading(chat, prompt)}{answering}"
    return f"The run put its questions as {how}:\n\n```python\n{code}```"


def _reading(chat: Chat | None, prompt: str) -> str:
    """The lines that make tokens of a prompt."""
    if chat is None:
        return f'prompt = {_literal(prompt)}\ntokens = tokenizer(prompt, return_tensors="pt")\n'
    arguments = "".join(f", {name}={value!r}" for name, value in chat.arguments.items())
    return (
        f'messages = [{{"role": "user", "content": {_literal(prompt)}}}]\n'
        f"text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True{arguments})\n"
        'tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt")\n'
    )


def _literal(value: Any) -> str:
    """A text, or a list of texts, as Python writes it."""
    return json.dumps(value, ensure_ascii=False)


def _passages(contexts: Sequence[Context]) -> Mapping[str, Any]:
    shown = [f"“{_short(context.title)}”" for context in contexts[:NAMES_SHOWN]]
    more = len(contexts) - len(shown)
    return dict(n_passages=len(contexts), titles=", ".join(shown) + (f" and {more} more" if more else ""))


def _short(title: str) -> str:
    plain = " ".join(title.split())
    return plain if len(plain) <= TITLE_SHOWN else plain[:TITLE_SHOWN] + "…"


def _costs(training: Training, seconds: float | None) -> Mapping[str, Any]:
    return dict(
        n_sequences=training.n_sequences,
        n_tokens=training.n_tokens,
        trained_tokens=f"{training.trained_tokens:,}",
        n_steps=len(training.losses),
        loss=training.losses[-1],
        seconds="" if seconds is None else f", in {seconds:.0f} seconds",
    )


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
