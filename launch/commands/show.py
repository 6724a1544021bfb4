"""`seal show self_edit`: shows the prompt, self-edit and training sequences of one context, as in the run."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from seal.base.terminal import Terminal
from seal.config import loading
from seal.config.run import Run
from seal.engine.reading import without_thoughts
from seal.errors import UsageError
from seal.folder.store import Store
from seal.session.preflight import preflight
from seal.settings import at_home
from seal.task import Contexts
from seal.types import Completion, Context, Plan, Policy, SelfEdit
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab
from seal.work.writing import Proposal, Proposing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.text import Tokens

TRAINED, READ = "green", "dim"


def main(arguments: Namespace) -> int:
    return show_self_edit(
        arguments.overrides, chosen=arguments.context, text_file=arguments.text, as_json=arguments.json
    )


def show_self_edit(overrides: Sequence[str], *, chosen: str | None, text_file: str | None, as_json: bool) -> int:
    """Print the prompt, self-edit and training sequences of one context.

    Raises:
        UsageError: the run cannot start, or there is no such context or file.
        RunError: the model that should write the self-edit does not answer.
    """
    run, _ = loading.load(overrides)
    contexts = preflight(run, fetch=text_file is None)
    context = find_context(contexts, chosen)
    self_edit = _read(context, text_file) if text_file else _written(run, contexts, context)
    plan = run.self_edit.read(context, self_edit)
    facts = {
        "context": {"id": context.id, "title": context.title},
        "prompt": _shown(run, context),
        "thought": self_edit.thought,
        "self_edit": self_edit.text,
        "finished": self_edit.finished,
        "invalid": None if isinstance(plan, Plan) else plan.reason,
        "sequences": _sequences(run, plan) if isinstance(plan, Plan) else [],
    }
    if as_json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        _print(Terminal(), facts)
    return 0


def find_context(contexts: Contexts, chosen: str | None) -> Context:
    """Find a context by its number from 0, its title or its id. The first one by default.

    Raises:
        UsageError: there is no such context.
    """
    everything = contexts.all
    if chosen is None:
        return everything[0]
    if chosen.isdecimal() and int(chosen) < len(everything):
        return everything[int(chosen)]
    for context in everything:
        if chosen in (context.title, context.id):
            return context
    titles = ", ".join(context.title for context in everything[:5])
    raise UsageError(
        f"--context: there is no context '{chosen}'; use a number from 0 to {len(everything) - 1}, or a title: "
        f"{titles} …"
    )


def _read(context: Context, text_file: str) -> SelfEdit:
    try:
        text = sys.stdin.read() if text_file == "-" else at_home(Path(text_file)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--text: cannot read {text_file}: {error}") from error
    written = without_thoughts(Completion(text=text, finished=True))
    return SelfEdit(
        context_id=context.id,
        index=0,
        text=written.text,
        finished=written.finished,
        thought=written.thought,
        failure=written.failure,
    )


def _written(run: Run, contexts: Contexts, context: Context) -> SelfEdit:
    """The first self-edit about this context in the real run."""
    with TemporaryDirectory() as folder:
        lab = Lab(run=run, store=Store(Path(folder)), contexts=contexts, log=lambda metrics: None)
        proposing = Proposing(policy=Policy(round=0), title="writing a self-edit")
        with closing(lab):
            [self_edit] = fulfil(lab, proposing, [Proposal(context=context, index=0)])
    return self_edit


def _shown(run: Run, context: Context) -> str:
    """The prompt exactly as the model gets it, with its chat template applied."""
    from seal.nn.backbone import load_tokenizer
    from seal.text import prompt_text

    prompt = run.self_edit.prompt(context)
    if run.writer is not None or not run.model.chat or not run.self_edit.n_requests:
        return prompt
    tokenizer = load_tokenizer(run.model)
    return prompt_text(tokenizer, prompt, chat=run.model.messages(tokenizer))


def _sequences(run: Run, plan: Plan) -> list[dict[str, Any]]:
    """Each training sequence with its tokens as text. Each token is marked as trained on or only read."""
    from seal.nn.backbone import load_tokenizer

    tokenizer = load_tokenizer(run.model)
    found = []
    for sequence in plan.sequences:
        tokens = run.inner.tokens(tokenizer, sequence, chat=run.model.messages(tokenizer))
        found.append({"text": sequence.text, "tokens": _marked(tokenizer, tokens) if tokens else []})
    return found


def _marked(tokenizer: "PreTrainedTokenizerBase", tokens: "Tokens") -> list[dict[str, Any]]:
    """The tokens as pieces of text. The first token is never trained on, because nothing precedes it."""
    length = len(tokens.ids) - tokens.n_padding
    pieces = text_pieces(tokenizer, tokens.ids[:length])
    trained = (False, *tokens.trained[1:length])[:length]
    padding = [{"text": f" + {tokens.n_padding} of padding", "trained": True}] if tokens.n_padding else []
    return [*({"text": piece, "trained": on} for piece, on in zip(pieces, trained, strict=True)), *padding]


def text_pieces(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int]) -> list[str]:
    """The text that each token adds. A character of several tokens belongs to the last of them."""
    pieces, before = [], ""
    for end in range(1, len(ids) + 1):
        after = str(tokenizer.decode(list(ids[:end])))
        is_whole = not after.endswith("\N{REPLACEMENT CHARACTER}") or end == len(ids)
        pieces.append(after[len(before) :] if is_whole else "")
        before = after if is_whole else before
    return pieces


def _print(console: Console, facts: dict[str, Any]) -> None:
    console.print(Panel(Text(facts["prompt"]), title="prompt", title_align="left"))
    if facts["thought"]:
        console.print(Panel(Text(facts["thought"]), title="thought, which nothing is trained on", title_align="left"))
    cut = "" if facts["finished"] else " (cut at its token limit)"
    console.print(Panel(Text(facts["self_edit"]), title=f"self-edit{cut}", title_align="left"))
    if facts["invalid"]:
        console.print(f"invalid: {facts['invalid']}; it trains nothing, and its reward is 0", style="red", markup=False)
        return
    body = Text()
    for number, sequence in enumerate(facts["sequences"], start=1):
        body.append(f"{number:>3}  ", style="bold")
        for token in sequence["tokens"]:
            body.append(token["text"].replace("\n", "⏎\n     "), style=TRAINED if token["trained"] else READ)
        body.append("" if sequence["tokens"] else f"{sequence['text']} (this inner loop trains on nothing)", style=READ)
        body.append("\n")
    trained = [token["trained"] for sequence in facts["sequences"] for token in sequence["tokens"]]
    title = (
        f"{len(facts['sequences'])} training sequences; [{TRAINED}]trained on: {sum(trained)} tokens[/]; "
        f"[{READ}]only read: {len(trained) - sum(trained)}[/]"
    )
    console.print(Panel(body, title=title, title_align="left"))
