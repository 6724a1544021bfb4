"""What every recipe that measures shares: the rows of the table, each from held-out contexts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seal import loop
from seal.lab import Lab
from seal.results import Comparison, Measurement, Outcome, compare, shares
from seal.text import lines
from seal.types import Attempt, Context, Failure, Invalid, Policy

MOST_REASONS, MOST_CHARACTERS = 3, 160
"""What a note has room for."""


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """The same contexts, asked in the same way, for every setting that is measured."""

    lab: Lab
    contexts: Sequence[Context]
    edits_per_context: int
    repeats: int

    def without_self_edits(self, policy: Policy) -> Measurement:
        setting = self.lab.run.self_edit.unedited_setting
        repeats = self.repeats * self.edits_per_context  # as many trainings as the settings with self-edits have
        return measurement(
            setting, self.contexts, loop.train_on_passages(self.lab, policy, self.contexts, repeats=repeats)
        )

    def with_self_edits(self, policy: Policy) -> list[Attempt]:
        edits = loop.propose(self.lab, policy, self.contexts, per_context=self.edits_per_context)
        return loop.try_out(self.lab, policy, self.contexts, edits, repeats=self.repeats)


def measurement(setting: str, contexts: Sequence[Context], outcomes: Sequence[Sequence[Outcome]]) -> Measurement:
    """What was found about each context, in order; each outcome is a training of its own."""
    return Measurement(
        setting=setting,
        outcomes={context.id: [[one] for one in found] for context, found in zip(contexts, outcomes, strict=True)},
        n_queries={context.id: context.n_gradable for context in contexts},
        titles={context.id: context.title for context in contexts},
    )


def unadapted(setting: str, attempts: Sequence[Attempt]) -> Measurement:
    """How the policy did before it was adapted, as the attempts remember it."""
    baselines = {attempt.context.id: (attempt.context, attempt.baseline) for attempt in attempts}
    return measurement(
        setting, [context for context, _ in baselines.values()], [[baseline] for _, baseline in baselines.values()]
    )


def scores(measurements: Sequence[Measurement]) -> dict[str, dict[str, float]]:
    """By setting, the accuracy of each context."""
    return {measurement.setting: measurement.by_context() for measurement in measurements}


def style_shares(lab: Lab, attempts: Sequence[Attempt]) -> dict[str, float]:
    """What the lines of some self-edits are like, as shares."""
    return shares(
        lab.run.task.style_of(attempt.context, line) for attempt in attempts for line in lines(attempt.self_edit.text)
    )


def invalid_note(policy: Policy, attempts: Sequence[Attempt]) -> Iterator[str]:
    """Why nothing could be trained on in some of what a policy wrote, the most frequent reasons first."""
    reasons = Counter(attempt.plan.reason for attempt in attempts if isinstance(attempt.plan, Invalid))
    if not reasons:
        return
    who = f"round {policy.round}" if policy.round else "untrained policy"
    yield f"{who}: nothing to train on in {reasons.total()} of {len(attempts)} self-edits: {_enumerated(reasons)}"


def failure_notes(measurements: Sequence[Measurement]) -> Iterator[str]:
    """Why models could not be made or asked in a setting, the most frequent reasons first."""
    for found in measurements:
        edits = (of_edit for of_context in found.outcomes.values() for of_edit in of_context)
        failures = [outcome for of_edit in edits for outcome in of_edit if isinstance(outcome, Failure)]
        if failures:
            reasons = Counter(failure.reason for failure in failures)
            yield f"{found.setting.replace('_', ' ')}: trainings or answers failed: {_enumerated(reasons)}"


def _enumerated(reasons: Counter[str]) -> str:
    told = "; ".join(f"{count} × {reason[:MOST_CHARACTERS]}" for reason, count in reasons.most_common(MOST_REASONS))
    return told + (f"; {len(reasons) - MOST_REASONS} more reasons" if len(reasons) > MOST_REASONS else "")


def all_comparisons(measurements: Sequence[Measurement]) -> tuple[Comparison, ...]:
    """Each setting against the one before it, and the last against each that is further back."""
    pairs = list(pairwise(measurements))
    pairs += [(earlier, measurements[-1]) for earlier in measurements[:-2]]
    return tuple(comparison for first, second in pairs if (comparison := compare(first, second)))
