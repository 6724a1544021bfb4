"""The common part of recipes that measure: rows of the table, comparisons, and notes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from seal.stats.measurement import Measurement, compare, kinds_of
from seal.stats.results import ByMetric, Comparison, KindRow, Outcome, Results, Row, shares
from seal.text import lines
from seal.types import Attempt, Context, Evaluation, Failure, Invalid, Policy
from seal.work.grading import NO_ANSWER
from seal.work.lab import Lab

MOST_REASONS, MOST_CHARACTERS = 3, 160
"""Maximum number of reasons in a note, and of characters in a reason."""


def setting_of(policy: Policy) -> str:
    """The name of the row for a policy's self-edits."""
    return policy.id if policy.round else "self_edits_round_0"


def measurement(setting: str, contexts: Sequence[Context], outcomes: Sequence[Sequence[Outcome]]) -> Measurement:
    """The measurement of outcomes by context. Each outcome is a separate training."""
    return Measurement(
        setting=setting,
        outcomes={context.id: [[one] for one in found] for context, found in zip(contexts, outcomes, strict=True)},
        n_queries={context.id: context.n_gradable for context in contexts},
        titles={context.id: context.title for context in contexts},
        kinds=kinds_of(contexts),
        queries={context.id: context.queries for context in contexts},
    )


def unadapted(setting: str, attempts: Sequence[Attempt]) -> Measurement:
    """The measurement of the unadapted model, from the baselines in the attempts."""
    baselines = {attempt.context.id: (attempt.context, attempt.baseline) for attempt in attempts}
    return measurement(
        setting, [context for context, _ in baselines.values()], [[baseline] for _, baseline in baselines.values()]
    )


def style_shares(lab: Lab, attempts: Sequence[Attempt]) -> dict[str, float]:
    """The share of each style among the lines of the self-edits."""
    return shares(
        lab.run.task.style_of(attempt.context, line) for attempt in attempts for line in lines(attempt.self_edit.text)
    )


def invalid_note(policy: Policy, attempts: Sequence[Attempt]) -> Iterator[str]:
    """A note on why self-edits of a policy were invalid, the most frequent reasons first."""
    reasons = Counter(attempt.plan.reason for attempt in attempts if isinstance(attempt.plan, Invalid))
    if not reasons:
        return
    who = f"round {policy.round}" if policy.round else "untrained policy"
    yield f"{who}: nothing to train on in {reasons.total()} of {len(attempts)} self-edits: {_enumerated(reasons)}"


def failure_notes(measurements: Sequence[Measurement]) -> Iterator[str]:
    """A note for each setting on why trainings or answers failed, the most frequent reasons first."""
    for found in measurements:
        edits = (of_edit for of_context in found.outcomes.values() for of_edit in of_context)
        outcomes = [outcome for of_edit in edits for outcome in of_edit]
        reasons = Counter(outcome.reason for outcome in outcomes if isinstance(outcome, Failure))
        if reasons:
            yield f"{found.setting.replace('_', ' ')}: trainings or answers failed: {_enumerated(reasons)}"
        verdicts = (each for outcome in outcomes if isinstance(outcome, Evaluation) for each in outcome.verdicts)
        if no_answer := Counter(each.reason for each in verdicts if each.grader == NO_ANSWER):
            yield f"{found.setting.replace('_', ' ')}: answers failed, and have no score: {_enumerated(no_answer)}"


def _enumerated(reasons: Counter[str]) -> str:
    told = "; ".join(f"{count} × {reason[:MOST_CHARACTERS]}" for reason, count in reasons.most_common(MOST_REASONS))
    return told + (f"; {len(reasons) - MOST_REASONS} more reasons" if len(reasons) > MOST_REASONS else "")


def results_of(
    lab: Lab, measurements: Sequence[Measurement], row_of: Callable[[Measurement], Row] = Measurement.row
) -> Results:
    """The results that every table has: rows, paired differences, accuracies by context, and the same for metrics."""
    metrics = {name: metric.score for name, metric in lab.run.metrics.items()}
    measured = [replace(found, metrics=metrics) for found in measurements]
    return Results(
        table=tuple(map(row_of, measured)),
        comparisons=all_comparisons(measured),
        scores={found.setting: found.by_context() for found in measured},
        metrics=_by_metric(measured),
    )


def _by_metric(measurements: Sequence[Measurement]) -> dict[str, ByMetric]:
    """Paired differences and scores for each metric."""
    names = list(measurements[0].metrics) if measurements else []
    return {
        name: ByMetric(
            comparisons=all_comparisons(measurements, name),
            scores={found.setting: found.by_metric(name) for found in measurements},
        )
        for name in names
    }


def all_comparisons(measurements: Sequence[Measurement], metric: str | None = None) -> tuple[Comparison, ...]:
    """Compare each setting with its matched rows, each with the one before it, and the last with all earlier ones."""
    own = [one for one in measurements if one.matched_to is None]
    to_matched = [
        (matched, setting) for setting in own for matched in measurements if matched.matched_to == setting.setting
    ]
    pairs = [*to_matched, *pairwise(own), *((earlier, own[-1]) for earlier in own[:-2])]
    return tuple(comparison for first, second in pairs if (comparison := compare(first, second, metric)))


def kind_rows(measurements: Sequence[Measurement]) -> tuple[KindRow, ...]:
    """All settings by kind of question; empty if there is only one kind."""
    return tuple(row for found in measurements for row in found.kind_rows())
