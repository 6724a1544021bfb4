"""`seal check`: what a run would be, without running anything."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.syntax import Syntax

from seal import config
from seal.endpoint import Endpoint
from seal.engine.vllm import NOT_INSTALLED, VLLM
from seal.inner.memory import NUMBER_BYTES, ModelShape, adapter_bytes, device_bytes
from seal.model import files
from seal.preflight import preflight
from seal.recipe.keeping import GIGABYTE
from seal.run import Run
from seal.statistics import mean
from seal.task import Contexts

from .job_plan import jobs_plan, sentences


def check(overrides: Sequence[str], *, as_json: bool) -> int:
    """Print the resolved configuration and the plan.

    Raises:
        UsageError: the run could not start.
    """
    run, settings = config.load(overrides)
    contexts = preflight(run)
    plan, memory = plan_of(run, contexts), memory_of(run)
    jobs = jobs_plan(run, run.recipe.forecast(contexts, run.outer))
    kept = kept_of(run)
    n_processes = run.outer.n_processes() if run.recipe.learns else 0
    if as_json:
        facts = {"settings": settings, "plan": plan, "memory": memory, "jobs": jobs, "learner_processes": n_processes}
        facts["kept_adapters"] = kept
        print(json.dumps(facts, indent=2, default=str))
        return 0
    console = Console()
    resolved = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
    if console.is_terminal:
        console.print(Syntax(resolved, "yaml", background_color="default", word_wrap=True))
    else:
        print(resolved)
    for note in (*contexts.notes, *_notes_on_model(run), *_notes_on_what_is_missing(run)):
        console.print(f"note: {note}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    console.print(f"[bold]The run[/] would be in {run.folder} and do, at most:")
    for what, amount in plan.items():
        console.print(f"  {amount:>12,}  {what.replace('_', ' ')}", highlight=False)
    for sentence in _memory_sentences(memory):
        console.print(sentence, highlight=False)
    if kept:
        console.print(
            f"{kept['adapters']} adapters would be kept, of {_gigabytes(kept['adapter_bytes'])} each: up to "
            f"{_gigabytes(kept['bytes'])} on disk",
            highlight=False,
        )
    if n_processes > 1:
        console.print(f"The policy is fine-tuned by {n_processes} processes of accelerate", highlight=False)
    for sentence in sentences(jobs) if jobs else ():
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    return 0


def plan_of(run: Run, contexts: Contexts) -> Mapping[str, Any]:
    """How much the run would do. Optimizer steps, tokens and prices are estimates, everything else is counted."""
    forecast = run.recipe.forecast(contexts, run.outer)
    n_written = forecast.self_edits * run.self_edit.n_requests
    queries = [query for context in contexts.all for query in context.queries]
    prompts = [prompt for each in contexts.all for query in each.queries for prompt in run.task.prompts(each, query)]
    n_asked = forecast.answers * round(len(prompts) / max(1, len(queries)))
    paid = [
        (run.writer or run.engine).forecast(
            n_requests=n_written,
            prompt_characters=n_written * _mean_length(map(run.self_edit.prompt, contexts.all)),
            sampling=run.self_edit.sampling,
        ),
        run.engine.forecast(
            n_requests=n_asked,
            prompt_characters=n_asked * _mean_length(prompts),
            sampling=run.task.answering,
        ),
        run.outer.reward.forecast(contexts.all, n_edits=forecast.ratings),
        run.grader.forecast(queries, n_answers=forecast.answers),
    ]
    return {
        "contexts": len(contexts.all),
        "self_edits": forecast.self_edits,
        "inner_updates": forecast.trainings,
        "estimated_optimizer_steps": forecast.trainings * run.inner.n_updates(forecast.sequences_per_training),
        "answers": forecast.answers,
        "judge_calls": paid[-1].n_calls,
        "policy_updates": forecast.policy_updates,
        "paid_calls": sum(usage.n_calls for usage in paid),
        "estimated_paid_tokens": sum(usage.prompt_tokens + usage.completion_tokens for usage in paid),
        "estimated_usd": round(sum(usage.usd for usage in paid), 2),
    }


def memory_of(run: Run) -> Mapping[str, Any] | None:
    """How much memory the inner loop will take, estimated; None where the model is not here or nothing is known."""
    if not files.is_local(run.model):
        return None
    facts = files.ModelFolder(Path(run.model.path))
    shape = ModelShape.of(facts.config, bytes_per_number=NUMBER_BYTES[run.model.dtype])
    widths = facts.shapes_of(getattr(run.inner, "targets", ()))
    slot = run.inner.memory(shape, widths, run.inner.tokens_at_once)
    if slot is None:
        return None
    weights = facts.n_numbers * shape.bytes_per_number
    there = device_bytes(run.model.device)
    return {
        "weights_bytes": weights,
        "slot_bytes": slot.total,
        "slot_adapter_bytes": slot.adapter,
        "slots": getattr(run.inner, "parallel", 1),
        "free_bytes": there,
        "slots_that_fit": None if there is None else slot.slots_in(there - weights),
    }


def kept_of(run: Run) -> Mapping[str, int] | None:
    """The adapters that stay on disk, estimated; None where there are none or the model is not here."""
    count = getattr(run.recipe, "keep_adapters", 0) * getattr(run.recipe, "rounds", 1)
    if not count or not files.is_local(run.model):
        return None
    each = adapter_bytes(run.inner, Path(run.model.path), run.model.dtype) or 0
    budget_gb = getattr(run.recipe, "adapters_budget_gb", None)
    in_all = count * each if budget_gb is None else min(count * each, round(budget_gb * GIGABYTE))
    return {"adapters": count, "adapter_bytes": each, "bytes": in_all}


def _notes_on_model(run: Run) -> Iterator[str]:
    if not Path(run.model.path).is_dir():
        yield f"model.path: {run.model.path} is no folder here: it is looked for on the hub when the run begins"


def _notes_on_what_is_missing(run: Run) -> Iterator[str]:
    """What would stop the run at its beginning, unless it is begun elsewhere."""
    asked: dict[str, Any] = {"engine": run.engine, "writer": run.writer, "grader": run.grader}
    asked |= {"outer.reward": run.outer.reward} if run.recipe.learns else {}
    for key, part in asked.items():
        endpoint = getattr(part, "endpoint", None)
        if isinstance(endpoint, Endpoint) and endpoint.lacks_its_key:
            variable = endpoint.key_variable
            yield f"{key}: {endpoint.base_url} will want a key; {variable} is not set, here or in a file .env"
        if isinstance(part, VLLM) and not part.is_installed:
            yield f"{key}: {NOT_INSTALLED}"


def _memory_sentences(memory: Mapping[str, Any] | None) -> Iterator[str]:
    if memory is None:
        return
    yield (
        f"Memory, estimated: {_gigabytes(memory['weights_bytes'])} of weights, {_gigabytes(memory['slot_bytes'])} "
        f"a slot ({_gigabytes(memory['slot_adapter_bytes'])} of it adapter and optimizer); "
        f"inner.parallel={memory['slots']}"
    )
    if memory["slots_that_fit"] is not None:
        yield (
            f"of {_gigabytes(memory['free_bytes'])} that are free here, {memory['slots_that_fit']} slots fit or help"
        )


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"


def _mean_length(texts: Iterable[str]) -> float:
    return mean([len(text) for text in texts]) or 0.0
