"""Noise of a round's selection: the spread between self-edits against the spread between repeats. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from seal.stats.statistics import accuracy, comparable, mean, pooled_deviation
from seal.types import Attempt, Evaluation, Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionNoise:
    """Signal and noise in the selection of the best self-edits of a round, in accuracy."""

    deviation_over_edits: float | None
    """Standard deviation between the self-edits of a context (means over repeats), pooled over contexts."""
    deviation_over_repeats: float | None
    """Standard deviation between repeats of one self-edit, pooled over self-edits. If it is the larger, chance
    decides."""
    n_contexts: int
    """Contexts with at least one reward."""
    n_tied_at_top: int
    """Contexts in which two or more self-edits share the best reward."""
    n_best_not_better: int
    """Contexts whose best self-edit was tried and does not beat the unadapted model."""
    n_best_unknown: int
    """Contexts where this is unknown: the best self-edit was not tried, or answers of either model lack verdicts."""


def selection_noise(attempts: Sequence[Attempt], baselines: Mapping[str, float] | None = None) -> SelectionNoise:
    """The selection noise of all attempts of a round. The id identifies a context.

    `baselines` gives the unadapted model's accuracy by context. It replaces the baseline in the attempts.
    """
    contexts = [list(group) for _, group in groupby(sorted(attempts, key=_context), key=_context)]
    repeats = [[_accuracies(attempt) for attempt in group] for group in contexts]
    best = [(group, max(known)) for group in contexts if (known := _rewards(group))]
    before = [(baselines or {}).get(group[0].context.id, _baseline(group[0])) for group, _ in best]
    after = [_best_accuracy(group) for group, _ in best]
    told = [(one, other) for one, other in zip(before, after, strict=True) if one is not None and other is not None]
    return SelectionNoise(
        deviation_over_edits=pooled_deviation(
            [[middle for one in group if (middle := mean(one)) is not None] for group in repeats]
        ),
        deviation_over_repeats=pooled_deviation([one for group in repeats for one in group]),
        n_contexts=len(best),
        n_tied_at_top=sum(_rewards(group).count(top) > 1 for group, top in best),
        n_best_not_better=sum(comparable(tried) <= comparable(unadapted) for unadapted, tried in told),
        n_best_unknown=len(best) - len(told),
    )


def _context(attempt: Attempt) -> str:
    return attempt.context.id


def _accuracies(attempt: Attempt) -> list[float]:
    known = [one for one in attempt.evaluations if isinstance(one, Evaluation)]
    return [share for one in known if (share := accuracy(one)) is not None]


def _rewards(attempts: Sequence[Attempt]) -> list[float]:
    return [comparable(attempt.reward) for attempt in attempts if attempt.reward is not None]


def _baseline(attempt: Attempt) -> float | None:
    return accuracy(attempt.baseline) if isinstance(attempt.baseline, Evaluation) else None


def _best_accuracy(attempts: Sequence[Attempt]) -> float | None:
    """The accuracy of the self-edit with the best reward: 0 if it is invalid, None if it was not tried."""
    best = max((one for one in attempts if one.reward is not None), key=lambda one: comparable(one.reward))
    return 0.0 if isinstance(best.plan, Invalid) else mean(_accuracies(best))
