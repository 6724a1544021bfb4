"""Everything that can be wrong before the expensive part: data, model files, lengths. Loads no weights and no torch."""

from collections.abc import Callable, Iterator
from functools import partial

from seal.errors import UsageError, listed
from seal.model import files
from seal.run import Run
from seal.task import Contexts
from seal.text import render_chat
from seal.types import ALL_LINEAR


def preflight(run: Run, *, fetch: bool = False) -> Contexts:
    """The contexts of a run that can start. With `fetch` a model that is on the hub is downloaded, and checked too.

    Raises:
        DataError: the contexts cannot be read.
        ModelError: the hub does not give the model.
        UsageError: something else does not fit; with all faults.
    """
    contexts = run.task.load()
    faults = run.recipe.faults(contexts)
    faults += run.self_edit.faults(run.recipe.wanted(contexts))
    folder = files.fetched(run.model) if fetch or files.is_local(run.model) else None
    if folder:
        faults += files.faults(folder, chat=run.model.chat)
    if folder and not faults:
        facts = files.ModelFolder(folder)
        faults += [*_target_faults(run, facts), *_length_faults(run, facts, contexts)]
    if faults:
        raise UsageError(listed("the run cannot start:", faults))
    return contexts


def _target_faults(run: Run, facts: files.ModelFolder) -> Iterator[str]:
    for key, part in (("inner.targets", run.inner), ("outer.targets", run.outer)):
        for target in getattr(part, "targets", ()):
            if target != ALL_LINEAR and not facts.has_layer(target):
                yield f"{key}: the model has no layer '{target}'; it has {', '.join(facts.layer_names)}"


def _length_faults(run: Run, facts: files.ModelFolder, contexts: Contexts) -> Iterator[str]:
    """Prompts that leave no room for the self-edit. A tokenizer without the fast format is not checked here."""
    limit, tokenizer_file = facts.context_length, facts.folder / "tokenizer.json"
    if limit is None or not tokenizer_file.is_file() or not (run.writer or run.engine).in_process:
        return
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()
    room = run.self_edit.max_new_tokens
    render = _chat_renderer(run, facts) if run.model.chat else str
    for context in dict.fromkeys(context for context, n_edits in run.recipe.wanted(contexts) if n_edits):
        n_tokens = len(tokenizer.encode(render(run.self_edit.prompt(context))).ids)
        if n_tokens + room > limit:
            yield (
                f"{contexts.place(context)} ('{context.title}'): its prompt has {n_tokens} tokens and the self-edit "
                f"may have {room}, but the model's context is {limit}: shorten the passage or lower "
                "self_edit.max_new_tokens"
            )


def _chat_renderer(run: Run, facts: files.ModelFolder) -> Callable[[str], str]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(facts.folder, trust_remote_code=run.model.trust_remote_code)
    return partial(render_chat, tokenizer)
