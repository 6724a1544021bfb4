"""Estimates the memory of the inner loop, and the disk space of kept adapters, before a run starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from seal.base.free_memory import device_bytes
from seal.config.run import Run
from seal.inner import TYPICAL_TOKENS
from seal.model import files
from seal.nn.memory import NUMBER_BYTES, ModelShape
from seal.recipe.keeping import GIGABYTE
from seal.task import Contexts

CONTEXTS_READ = 16
"""Number of contexts whose training sequences are made, to measure their length."""


def memory_plan(run: Run, contexts: Contexts) -> Mapping[str, Any] | None:
    """The estimated memory of one slot and of all; None if the model is not on this machine, or nothing is adapted."""
    folder = files.here(run.model)
    if folder is None:
        return None
    facts = files.ModelFolder(folder)
    shape = ModelShape.of(facts.config, bytes_per_number=NUMBER_BYTES[run.model.dtype])
    widths = facts.shapes_of(run.inner.adapted_layers)
    longest = _longest_sequence(run, facts, contexts)
    slot = run.inner.memory(shape, widths, run.inner.tokens_at_once(longest))
    if slot is None:
        return None
    weights = facts.n_numbers * shape.bytes_per_number
    there = device_bytes(run.model.device)
    return {
        "weights_bytes": weights,
        "slot_bytes": slot.total,
        "slot_adapter_bytes": slot.adapter,
        "sequence_tokens": longest,
        "slots": run.inner.side_by_side,
        "free_bytes": there,
        "slots_that_fit": None if there is None else slot.slots_in(there - weights),
    }


def kept_plan(run: Run) -> Mapping[str, int] | None:
    """The estimated size of kept adapters; None if there are none, or the model is not on this machine."""
    count, budget_gb = run.recipe.adapters_kept
    folder = files.here(run.model)
    if not count or folder is None:
        return None
    each = run.inner.adapter_bytes(folder, run.model.dtype) or 0
    in_all = count * each if budget_gb is None else min(count * each, round(budget_gb * GIGABYTE))
    return {"adapters": count, "adapter_bytes": each, "bytes": in_all}


def sentences(memory: Mapping[str, Any] | None, kept: Mapping[str, int] | None) -> Iterator[str]:
    """The estimates as text."""
    if memory:
        yield (
            f"Memory, estimated: {gigabytes(memory['weights_bytes'])} of weights, {gigabytes(memory['slot_bytes'])} "
            f"per slot ({gigabytes(memory['slot_adapter_bytes'])} of it adapter and optimizer; training sequences of "
            f"{memory['sequence_tokens']:,} tokens); {memory['slots']} side by side"
        )
    if memory and memory["slots_that_fit"] is not None:
        yield f"{gigabytes(memory['free_bytes'])} are free here: {memory['slots_that_fit']} slots fit or help"
    if kept:
        yield (
            f"{kept['adapters']} adapters would be kept, of {gigabytes(kept['adapter_bytes'])} each: up to "
            f"{gigabytes(kept['bytes'])} on disk"
        )


def gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"


def _longest_sequence(run: Run, facts: files.ModelFolder, contexts: Contexts) -> int:
    """Tokens of the longest training sequence of contexts alone. Self-edits are not known yet."""
    plans = [run.self_edit.unedited(context) for context in contexts.all[:CONTEXTS_READ]]
    texts = [max((each.text for each in plan.sequences), key=len) for plan in plans if plan.sequences]
    counts = facts.count_tokens(texts) or []
    return max([TYPICAL_TOKENS, *counts])
