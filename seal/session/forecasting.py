"""Forecasts what a run will pay for: the most calls it can make, and an estimate of their tokens and US dollars.

The recipe forecasts everything else.
"""

from collections.abc import Iterable

from seal.config.run import Run
from seal.recipe import Forecast
from seal.stats.statistics import mean
from seal.task import Contexts
from seal.types import Usage


def paid(run: Run, contexts: Contexts, forecast: Forecast) -> dict[str, Usage]:
    """Calls, tokens and US dollars, by purpose. Models on this machine cost nothing."""
    n_written = forecast.self_edits * run.self_edit.n_requests
    queries = [query for context in contexts.all for query in context.queries]
    prompts = [prompt for each in contexts.all for query in each.queries for prompt in run.task.prompts(each, query)]
    n_asked = forecast.answers * round(len(prompts) / max(1, len(queries)))
    return {
        "writing": (run.writer or run.engine).forecast(
            n_requests=n_written,
            prompt_characters=n_written * _mean_length(map(run.self_edit.prompt, contexts.all)),
            sampling=run.self_edit.sampling,
        ),
        "answering": run.engine.forecast(
            n_requests=n_asked,
            prompt_characters=n_asked * _mean_length(prompts),
            sampling=run.task.answering,
        ),
        "rating": run.outer.reward.forecast(contexts.all, n_edits=forecast.ratings),
        "judging": run.grader.forecast(queries, n_answers=forecast.answers),
    }


def in_all(usages: Iterable[Usage]) -> dict[str, float]:
    """The sums, under the names that the manifest and `seal check` use."""
    every = [*usages]
    return {
        "paid_calls": sum(usage.n_calls for usage in every),
        "estimated_paid_tokens": sum(usage.prompt_tokens + usage.completion_tokens for usage in every),
        "estimated_usd": round(sum(usage.usd for usage in every), 4),  # a small run costs less than a cent
    }


def _mean_length(texts: Iterable[str]) -> float:
    return mean([len(text) for text in texts]) or 0.0
