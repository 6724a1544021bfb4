"""Tries the kept self-edits of a round again with fresh seeds, to show how much of their rewards was luck."""

from collections.abc import Sequence
from dataclasses import replace

from seal import loop
from seal.recipe import Forecast, count_queries
from seal.settings import Chosen
from seal.types import Attempt, Context, Plan, Round
from seal.work.examining import examine
from seal.work.lab import Lab
from seal.work.trying import Trial

TITLE = "trying the kept self-edits again"


def retry_kept(lab: Lab, turn: Round, *, repeats: int, edits_per_context: int) -> list[Attempt]:
    """The kept self-edits of a round with fresh evaluations by the same policy, and the rewards of these alone.

    What the forecast had planned beyond them is counted as not needed.
    """
    names = set(turn.update.kept)
    kept = [(one, one.plan) for one in turn.attempts if one.name in names and isinstance(one.plan, Plan)]
    trials = [
        Trial(context=one.context, source=f"kept_{one.self_edit.index}", plan=plan, repeat=repeat)
        for one, plan in kept
        for repeat in range(repeats)
    ]
    outcomes = iter(examine(lab, turn.policy, trials, title=TITLE))
    again = [replace(one, evaluations=tuple(next(outcomes) for _ in range(repeats))) for one, _ in kept]
    n_contexts = len({one.context.id for one in turn.attempts})
    most = n_contexts * lab.run.outer.most_kept(edits_per_context) * repeats
    lab.skip_trials("self-edits that were not kept", max(0, most - len(trials)))
    return [replace(one, reward=loop.reward_of(lab, one)) for one in again]


def forecast_retries(contexts: Sequence[Context], run: Chosen, *, edits_per_context: int, repeats: int) -> Forecast:
    """The maximum work of trying the kept self-edits of a round again."""
    tries_each = run.outer.most_kept(edits_per_context) * repeats
    n_trials = len(contexts) * tries_each
    return Forecast(trainings=n_trials, evaluations=n_trials, answers=count_queries(contexts) * tries_each)
