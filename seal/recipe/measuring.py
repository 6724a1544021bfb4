"""The common part of recipes that measure: rows of the table, comparisons, and notes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import mean

from seal.base.notes import Note
from seal.stats.measurement import Measurement, adjusted, compare, kinds_of
from seal.stats.results import ByMetric, Comparison, KindRow, Outcome, Results, Row, shares
from seal.text import lines
from seal.types import Attempt, Context, Evaluation, Failure, Invalid, Plan, Policy
from seal.work.grading import NO_ANSWER
from seal.work.lab import Lab

_HARDLY, BY_HEART = 0.8, 0.005
"""A last loss above this share of the first, or below so many nats per token, is said."""
OPEN_BOOK = "open_book"
"""The row of the model as it is, with the passage in the prompt."""
MOST_CHARACTERS = 160
"""Maximum number of characters of a reason in a note."""


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


def style_shares(lab: Lab, by_policy: Mapping[Policy, Sequence[Attempt]]) -> dict[str, dict[str, float]]:
    """The share of each style among the lines of each policy's self-edits. Policies without self-edits are left out."""
    return {policy.id: _styles_of(lab, attempts) for policy, attempts in by_policy.items() if attempts}


def _styles_of(lab: Lab, attempts: Sequence[Attempt]) -> dict[str, float]:
    return shares(
        lab.run.task.style_of(attempt.context, line) for attempt in attempts for line in lines(attempt.self_edit.text)
    )


def only_asked_note(lab: Lab) -> Iterator[str]:
    """A note if the inner loop trains nothing: then other rows would only repeat the first."""
    if not lab.run.inner.adapts:
        yield "the inner loop trains nothing: the model was asked as it is, and no self-edit was tried out"


def invalid_note(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> Iterator[str]:
    """A note on why self-edits of a policy were invalid, the most frequent reasons first."""
    reasons = Counter(attempt.plan.reason for attempt in attempts if isinstance(attempt.plan, Invalid))
    if not reasons:
        return
    who = f"round {policy.round}" if policy.round else lab.run.self_edit.author(lab.run).who
    yield Note(f"{who}: nothing to train on in {reasons.total()} of {len(attempts)} self-edits", _counted(reasons))


def loss_notes(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> Iterator[str]:
    """What else a policy's self-edits lost on their way: cut texts, and sequences beyond what is trained on."""
    who = f"round {policy.round}" if policy.round else lab.run.self_edit.author(lab.run).who
    n_cut = sum(not attempt.self_edit.finished for attempt in attempts)
    if n_cut:
        yield f"{who}: {n_cut} of {len(attempts)} self-edits were cut at self_edit.max_new_tokens"
    plans = [attempt.plan for attempt in attempts if isinstance(attempt.plan, Plan)]
    n_dropped = sum(plan.n_dropped for plan in plans)
    if n_dropped:
        n_plans = sum(plan.n_dropped > 0 for plan in plans)
        yield f"{who}: {n_dropped} training sequences of {n_plans} self-edits are over the limit and dropped"


def ends_of(losses: Sequence[float]) -> tuple[float, float]:
    """The mean of the first tenth of the losses, and that of the last tenth."""
    n_ends = max(1, len(losses) // 10)
    return mean(losses[:n_ends]), mean(losses[-n_ends:])


def notes_on_losses(losses: Sequence[float]) -> Iterator[str]:
    """A note if a training taught too little, or more than is good. `losses` are in nats per token, one per step."""
    first, last = ends_of(losses)
    if last > _HARDLY * first:
        yield (
            f"the training loss has hardly fallen ({first:.2f} to {last:.2f} nats per token): raise inner.epochs, or "
            "inner.learning_rate"
        )
    if last < BY_HEART:
        yield (
            f"the training loss has fallen to {last:.3f} nats per token: the text is known by heart. Fewer "
            "inner.epochs take less time, and the model forgets less of what it knew"
        )


def failure_notes(measurements: Sequence[Measurement]) -> Iterator[str]:
    """A note for each setting on why trainings or answers failed, the most frequent reasons first."""
    for found in measurements:
        edits = (of_edit for of_context in found.outcomes.values() for of_edit in of_context)
        outcomes = [outcome for of_edit in edits for outcome in of_edit]
        about = found.setting.replace("_", " ")
        if reasons := Counter(outcome.reason for outcome in outcomes if isinstance(outcome, Failure)):
            yield Note(f"{about}: trainings or answers failed", _counted(reasons))
        verdicts = (each for outcome in outcomes if isinstance(outcome, Evaluation) for each in outcome.verdicts)
        if no_answer := Counter(each.reason for each in verdicts if each.grader == NO_ANSWER):
            yield Note(f"{about}: answers failed, and have no score", _counted(no_answer))


def _counted(reasons: Counter[str]) -> list[str]:
    """The most frequent first."""
    return [f"{count} × {reason[:MOST_CHARACTERS]}" for reason, count in reasons.most_common()]


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
    """Compare each setting with its matched rows, each with the one before it, and the last with all earlier ones.

    A copy stands for its original, so that nothing is compared twice.
    """
    copies = {one.copy_of: one for one in measurements if one.copy_of}
    own = [one for one in measurements if one.matched_to is None and one.setting not in copies]
    to_matched = [
        (matched, setting)
        for setting in own
        for matched in measurements
        if matched.matched_to == (setting.copy_of or setting.setting)
    ]
    known = {
        (setting.setting, copies[matched.setting].setting)
        for matched, setting in to_matched
        if matched.setting in copies
    }
    ordered = [*pairwise(own), *((earlier, own[-1]) for earlier in own[:-2])]
    pairs = [*to_matched, *(pair for pair in ordered if (pair[0].setting, pair[1].setting) not in known)]
    return adjusted(comparison for first, second in pairs if (comparison := compare(first, second, metric)))


def kind_rows(measurements: Sequence[Measurement]) -> tuple[KindRow, ...]:
    """All settings by kind of question; empty if there is only one kind."""
    return tuple(row for found in measurements for row in found.kind_rows())
