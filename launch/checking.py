"""`seal check`: what a run would be, without running anything."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml
from rich.console import Console
from rich.syntax import Syntax

from seal import config
from seal.preflight import preflight
from seal.run import Run
from seal.statistics import mean
from seal.task import Contexts


def check(overrides: Sequence[str], *, as_json: bool) -> int:
    """Print the resolved configuration and the plan.

    Raises:
        UsageError: the run could not start.
    """
    run, settings = config.load(overrides)
    contexts = preflight(run)
    plan = plan_of(run, contexts)
    if as_json:
        print(json.dumps({"settings": settings, "plan": plan}, indent=2, default=str))
        return 0
    console = Console()
    console.print(
        Syntax(yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True), "yaml", background_color="default")
    )
    for note in contexts.notes:
        console.print(f"note: {note}", style="yellow")
    console.print(f"[bold]The run[/] would be in {run.folder} and do, at most:")
    for what, amount in plan.items():
        console.print(f"  {amount:>12,}  {what.replace('_', ' ')}", highlight=False)
    return 0


def plan_of(run: Run, contexts: Contexts) -> Mapping[str, Any]:
    """How much the run would do. Optimizer steps, tokens and prices are estimates, everything else is counted."""
    forecast = run.recipe.forecast(contexts, run.outer)
    n_written = forecast.self_edits * run.self_edit.n_requests
    queries = [query for context in contexts.all for query in context.queries]
    paid = [
        (run.writer or run.engine).forecast(
            n_requests=n_written,
            prompt_characters=n_written * _mean_length(map(run.self_edit.prompt, contexts.all)),
            sampling=run.self_edit.sampling,
        ),
        run.engine.forecast(
            n_requests=forecast.answers,
            prompt_characters=forecast.answers * _mean_length(query.prompt for query in queries),
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


def _mean_length(texts: Iterable[str]) -> float:
    return mean([len(text) for text in texts]) or 0.0
