"""`seal check`: what a run would be, without running anything."""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from rich.syntax import Syntax

from seal.base.terminal import Terminal
from seal.config import loading
from seal.config.run import Run
from seal.endpoint import Endpoint
from seal.engine.vllm import NOT_INSTALLED, VLLM
from seal.folder.run_files import read_manifest
from seal.folder.store import MANIFEST, RESULTS
from seal.model import files
from seal.session.forecasting import in_all, paid
from seal.session.manifest import settings_that_differ
from seal.session.preflight import preflight
from seal.task import Contexts

from .. import reading
from ..job_plan import jobs_plan, sentences
from ..memory_plan import kept_plan, memory_plan
from ..memory_plan import sentences as memory_sentences


def main(arguments: Namespace) -> int:
    return check(arguments.overrides, as_json=arguments.json)


def check(overrides: Sequence[str], *, as_json: bool) -> int:
    """Print the resolved configuration and the plan.

    Raises:
        UsageError: the run could not start.
    """
    run, settings = loading.load(overrides)
    contexts = preflight(run)
    plan, memory = plan_of(run, contexts), memory_plan(run, contexts)
    jobs = jobs_plan(run, run.recipe.forecast(contexts, run))
    kept = kept_plan(run)
    read = reading.reading(run, contexts)
    n_processes = run.outer.learner.n_processes() if run.recipe.learns else 0
    if as_json:
        facts = {"settings": settings, "plan": plan, "memory": memory, "jobs": jobs, "learner_processes": n_processes}
        facts |= {"kept_adapters": kept, "reading": read}
        print(json.dumps(facts, indent=2, default=str))
        return 0
    console = Terminal()
    _print_settings(console, settings)
    of_run = (*_notes_on_folder(run, contexts), *_notes_on_model(run), *_notes_on_what_is_missing(run))
    for note in (*contexts.notes, *run.recipe.left_out(contexts), *of_run, *reading.notes(run)):
        console.print(f"note: {note}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    for sentence in reading.sentences(read, n_contexts=len(contexts.all)):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    console.print(f"The run would be in {run.folder} and do, at most:", highlight=False, soft_wrap=True)
    for what, amount in plan.items():
        console.print(f"  {amount:>12,}  {what.replace('_', ' ')}", highlight=False)
    for sentence in memory_sentences(memory, kept):
        console.print(sentence, highlight=False)
    if n_processes > 1:
        console.print(f"The policy is fine-tuned by {n_processes} processes of accelerate", highlight=False)
    for sentence in sentences(jobs) if jobs else ():
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    return 0


def _print_settings(console: Terminal, settings: Mapping[str, Any]) -> None:
    resolved = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
    if console.is_terminal:
        console.print(Syntax(resolved, "yaml", background_color="default", word_wrap=True))
    else:
        print(resolved)


def plan_of(run: Run, contexts: Contexts) -> Mapping[str, Any]:
    """How much the run would do. Optimizer steps, tokens and prices are estimates, everything else is counted."""
    forecast = run.recipe.forecast(contexts, run)
    usages = paid(run, contexts, forecast)
    return {
        "contexts": len(contexts.all),
        "self_edits": forecast.self_edits,
        "inner_updates": forecast.trainings,
        "estimated_optimizer_steps": forecast.trainings * run.inner.n_updates(forecast.sequences_per_training),
        "answers": forecast.answers,
        "judge_calls": usages["judging"].n_calls,
        "policy_updates": forecast.policy_updates,
        **in_all(usages.values()),
    }


def _notes_on_folder(run: Run, contexts: Contexts) -> Iterator[str]:
    """What lies where the run would be, unless it is to be replaced."""
    if not (run.folder / MANIFEST).exists() or run.if_exists == "replace":
        return
    there = read_manifest(run.folder)
    others = settings_that_differ(there, run)
    if not others and there["data"]["sha256"] != contexts.sha256:
        others = ["the task's data has changed since"]
    if run.if_exists == "fail":
        yield f"name: {run.folder} holds a run, which if_exists=fail refuses: choose another name=…"
    elif others:
        yield f"name: {run.folder} holds another run, so this one would be refused: choose another name=… ({others[0]})"
    else:
        state = "is done already" if (run.folder / RESULTS).exists() else "would go on from its records"
        yield f"name: {run.folder} holds this run, which {state}"


def _notes_on_model(run: Run) -> Iterator[str]:
    if files.here(run.model) is not None:
        return
    if run.model.shipped:
        yield f"model: the run fetches {run.model.shipped.about} when it begins"
    else:
        yield (
            f"model.path: {run.model.path} is not on this machine: it is looked for on the hub when the run begins; "
            "how much memory it takes can be said once it is here"
        )


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
