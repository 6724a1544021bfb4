"""Checks data, model files and lengths before the expensive part. It loads no weights.

It loads torch only if the names of the weights look as if some were missing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from seal.cluster.workload import Place
from seal.config.run import Run
from seal.errors import ModelError, UsageError, listed
from seal.model import files
from seal.task import Contexts
from seal.text import render_chat
from seal.types import ALL_LINEAR

Lengths = Callable[[Sequence[str]], list[int]]
"""The numbers of tokens of some prompts."""


def preflight(run: Run, *, fetch: bool = False) -> Contexts:
    """The contexts of the run, if it can start. `fetch` downloads a model from the hub, and checks it too.

    Raises:
        DataError: the contexts cannot be read.
        ModelError: the model cannot be downloaded.
        UsageError: there are other faults; the error lists all of them.
    """
    contexts = run.task.load()
    faults = run.recipe.faults_of_data(contexts)
    faults += _learning_faults(run)
    faults += run.self_edit.faults_of_data(run.recipe.wanted(contexts))
    folder = files.fetched(run.model) if fetch or files.is_local(run.model) else None
    if folder:
        faults += files.faults(folder, chat=run.model.chat)
    if folder and not faults:
        facts = files.ModelFolder(folder)
        faults += [*_target_faults(run, facts), *_length_faults(run, facts, contexts), *_budget_faults(run, folder)]
    notes: list[str] = []
    if folder and not faults and (fetch or files.ModelFolder(folder).looks_incomplete):
        faults, notes = _compared(run, folder)
    if faults:
        raise UsageError(listed("the run cannot start:", faults))
    return replace(contexts, notes=(*contexts.notes, *notes))


def _compared(run: Run, folder: Path) -> tuple[list[str], list[str]]:
    """Faults and notes of a model's files against what its configuration builds. This alone imports torch."""
    from seal.nn.checkpoint import compare

    try:
        found = compare(run.model, folder)
    except ModelError as error:
        return [str(error)], []
    return list(found.faults(folder)), list(found.notes(folder))


def _learning_faults(run: Run) -> list[str]:
    """The faults of the learner, and of the job that fine-tunes the policy."""
    if not run.recipe.learns:
        return []
    faults = list(run.outer.learner.faults_of_files())
    gpus = run.cluster.gpus(Place.LEARNER)
    if not faults and gpus and gpus < (n_gpus := run.outer.learner.n_gpus()):
        key = run.cluster.gpus_key(Place.LEARNER)
        faults.append(f"{key}: outer.learner.accelerate starts {n_gpus} processes, but this is {gpus}: set {n_gpus}")
    return faults


def _target_faults(run: Run, facts: files.ModelFolder) -> Iterator[str]:
    for key, part in (("inner.targets", run.inner), ("outer.learner.targets", run.outer.learner)):
        for target in part.adapted_layers:
            if target != ALL_LINEAR and not facts.has_layer(target):
                yield f"{key}: the model has no layer '{target}'; it has {', '.join(facts.layer_names)}"


def _budget_faults(run: Run, folder: Path) -> Iterator[str]:
    """A disk budget for adapters that is too small for one adapter."""
    n_kept, budget_gb = run.recipe.adapters_kept
    if not budget_gb or not n_kept:
        return
    one_gb = (run.inner.adapter_bytes(folder, run.model.dtype) or 0) / 1e9
    if one_gb > budget_gb:
        yield f"recipe.adapters_budget_gb: one adapter takes {one_gb:.3g} GB, but this is {budget_gb:g}: raise it"


def _length_faults(run: Run, facts: files.ModelFolder, contexts: Contexts) -> Iterator[str]:
    """Prompts that leave too little room for the completion. Only tokenizers in the fast format are checked here."""
    if facts.count_tokens([]) is None:
        return
    lengths = _measure(run, facts)
    for who, faults in ((run.writer or run.engine, _self_edit_faults), (run.engine, _question_faults)):
        limits = [limit for limit in (facts.context_length, who.context_length) if limit]
        if who.serves_policies and limits:
            yield from faults(run, contexts, lengths, min(limits))


def _self_edit_faults(run: Run, contexts: Contexts, lengths: Lengths, limit: int) -> Iterator[str]:
    if not run.self_edit.n_requests:
        return
    room = run.self_edit.max_new_tokens
    wanted = dict.fromkeys(context for context, n_edits in run.recipe.wanted(contexts) if n_edits)
    prompts = [run.self_edit.prompt(context) for context in wanted]
    for context, n_tokens in zip(wanted, lengths(prompts), strict=True):
        if n_tokens + room > limit:
            yield (
                f"{contexts.place(context)} ('{context.title}'): its prompt has {n_tokens} tokens and the self-edit "
                f"may have {room}, but the context length is {limit}: shorten the passage or lower "
                f"self_edit.max_new_tokens{_to(limit - n_tokens)}"
            )


def _question_faults(run: Run, contexts: Contexts, lengths: Lengths, limit: int) -> Iterator[str]:
    """At most one fault per context, for its question with the longest prompt."""
    room = run.task.max_answer_tokens
    wanted = dict.fromkeys(context for context, _ in run.recipe.wanted(contexts))
    asked_of = {
        context: [(query, prompt) for query in context.queries for prompt in run.task.prompts(context, query)]
        for context in wanted
    }
    n_tokens = iter(lengths([prompt for pairs in asked_of.values() for _, prompt in pairs]))
    for context, pairs in asked_of.items():
        asked = [(next(n_tokens), query) for query, _ in pairs]
        longest, query = max(asked, key=lambda pair: pair[0], default=(0, None))
        if query and longest + room > limit:
            what = "the passage or the question" if run.task.shows_the_passage else "the question"
            yield (
                f"{contexts.place(context)} ('{context.title}'): the prompt of '{query.question[:40]}' has {longest} "
                f"tokens and the answer may have {room}, but the context length is {limit}: shorten {what} or lower "
                f"task.max_answer_tokens{_to(limit - longest)}"
            )


def _to(room: int) -> str:
    return f" to {room} at most" if room > 0 else ""


def _measure(run: Run, facts: files.ModelFolder) -> Lengths:
    """A function that counts the tokens of prompts as the model will see them."""
    render = _chat_renderer(run, facts) if run.model.chat else str

    def lengths(prompts: Sequence[str]) -> list[int]:
        return facts.count_tokens([render(prompt) for prompt in prompts]) or []

    return lengths


def _chat_renderer(run: Run, facts: files.ModelFolder) -> Callable[[str], str]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(facts.folder, trust_remote_code=run.model.trust_remote_code)
    return partial(render_chat, tokenizer)
