"""Checks data, model files and lengths before the expensive part. It loads no weights.

It loads torch only if the names of the weights look as if some were missing.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seal.base.notes import Note
from seal.cluster.workload import Place
from seal.config.run import Run
from seal.errors import ModelError, UsageError, listed
from seal.model import files
from seal.session.prompts import prompt_faults
from seal.task import Contexts
from seal.types import ALL_LINEAR

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def preflight(run: Run, *, fetch: bool = False) -> Contexts:
    """The contexts of the run, if it can start. `fetch` downloads a model from the hub, and checks it too.

    Raises:
        DataError: the contexts cannot be read.
        ModelError: the model cannot be downloaded.
        UsageError: there are other faults; the error lists all of them.
    """
    contexts = run.task.load()
    faults = run.recipe.faults_of_data(contexts)
    faults += _question_faults(run, contexts)
    faults += _learning_faults(run)
    faults += run.self_edit.faults_of_data(run.recipe.wanted(contexts, run))
    folder = files.fetched(run.model) if fetch or files.is_local(run.model) else None
    if folder:
        faults += files.faults(folder, chat=run.model.chat is True)
    if folder and not faults:
        facts = files.ModelFolder(folder)
        faults += [*_target_faults(run, facts), *prompt_faults(run, folder, contexts), *_budget_faults(run, folder)]
    notes: list[str] = []
    if folder and not faults and (fetch or _wants_a_closer_look(run, folder)):
        faults, notes = _compared(run, folder)
    if faults:
        raise UsageError(listed("the run cannot start:", faults))
    notes += _choice_notes(run, contexts)
    if folder:
        notes += _cut_passages(run, files.ModelFolder(folder), contexts)
    return replace(contexts, notes=(*contexts.notes, *notes))


def _question_faults(run: Run, contexts: Contexts) -> list[str]:
    """Contexts that only ask, where something is to be learned; and questions that the grader cannot grade."""
    faults = run.grader.faults_of_data([query for context in contexts.all for query in context.queries])
    mute = [context for context in contexts.all if not context.text]
    if mute and run.inner.adapts:
        faults.append(
            f"task: {len(mute)} of {len(contexts.all)} contexts have questions and no passage, so nothing can be "
            "learned: choose recipe=evaluate inner=none, which asks the model as it is"
        )
    return faults


def _choice_notes(run: Run, contexts: Contexts) -> list[str]:
    """A note on options whose letters the grader does not read."""
    queries = [query for context in contexts.all for query in context.queries]
    if not queries or run.grader.of_choices or not all(query.options for query in queries):
        return []
    return ["the questions have options: set grader=choice, which takes the letter or the text of the right one"]


def _wants_a_closer_look(run: Run, folder: Path) -> bool:
    """Whether a check has to build the model's architecture, which takes torch and some seconds."""
    facts = files.ModelFolder(folder)
    return facts.looks_incomplete or (run.recipe.hands_out_adapters and facts.has_experts)


def _compared(run: Run, folder: Path) -> tuple[list[str], list[str]]:
    """Faults and notes of a model's files, and of what a run hands out, against the architecture. It imports torch."""
    from seal.nn.checkpoint import blank, compare

    try:
        found = compare(run.model, folder)
        faults = list(found.faults(folder))
        if run.recipe.hands_out_adapters and not faults:
            faults += _export_faults(run, blank(run.model, folder))
    except ModelError as error:
        return [str(error)], []
    return faults, list(found.notes(folder))


def _export_faults(run: Run, network: "PreTrainedModel") -> Iterator[str]:
    """An adapter that PEFT would not load: nobody could use it."""
    from seal.nn.readback import fault_for_peft

    layers = run.inner.adapted_layers
    if layers and (fault := fault_for_peft(network, layers)):
        yield (
            f"inner.targets: the adapter that this run hands out would be of no use to others: {fault}: choose other "
            "layers, or hand out the whole model where the recipe can, with recipe.output=merged"
        )


def _cut_passages(run: Run, facts: files.ModelFolder, contexts: Contexts) -> Iterator[str]:
    """A note on passages that are cut in training. It needs the fast format of the tokenizer."""
    limit = run.inner.longest_text
    if limit is None or run.task.of_puzzles or not run.inner.adapts:
        return
    wanted = list(dict.fromkeys(context for context, _ in run.recipe.wanted(contexts, run)))
    texts = [sequence.text for context in wanted for sequence in run.self_edit.unedited(context).sequences]
    n_tokens = facts.count_tokens(texts) or []
    long = [
        f"{contexts.place(context)} ({count:,} tokens)"
        for context, count in zip(wanted, n_tokens, strict=False)
        if count > limit
    ]
    if long:
        what = f"{len(long)} of {len(wanted)} passages are longer than inner.max_tokens={limit} and are cut in training"
        yield Note(what, long)


def _learning_faults(run: Run) -> list[str]:
    """The faults of the learner, and of the job that fine-tunes the policy."""
    if not run.recipe.learns:
        return []
    faults = list(run.outer.learner.faults_of_files())
    if run.outer.reward.of_answers and not run.inner.adapts:
        faults.append(
            "inner: it trains nothing, so all self-edits have the same answers and the same reward: choose inner=lora, "
            "recipe=evaluate, or a reward for reading such as outer/reward=proxy"
        )
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
