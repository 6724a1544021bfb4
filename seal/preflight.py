"""Everything that can be wrong before the expensive part: data, model files, lengths. Loads no weights and no torch."""

from collections.abc import Iterator
from pathlib import Path

from seal.errors import UsageError, listed
from seal.model import files
from seal.run import Run
from seal.task import Contexts

ALL_LINEAR = "all-linear"


def preflight(run: Run) -> Contexts:
    """The contexts of a run that can start.

    Raises:
        DataError: the contexts cannot be read.
        UsageError: they can, and something else does not fit; with all faults.
    """
    faults = list(files.faults(run.model))
    contexts = run.task.load()
    faults += run.recipe.faults(contexts)
    folder = Path(run.model.path)
    if folder.is_dir() and not faults:
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
    if limit is None or not tokenizer_file.is_file():
        return
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()
    room = run.self_edit.max_new_tokens
    for context in contexts.all:
        n_tokens = len(tokenizer.encode(run.self_edit.prompt(context)).ids)
        if n_tokens + room > limit:
            yield (
                f"{contexts.place(context)} ('{context.title}'): its prompt has {n_tokens} tokens and the self-edit "
                f"may have {room}, but the model's context is {limit}: shorten the passage or lower "
                "self_edit.max_new_tokens"
            )
