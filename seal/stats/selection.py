"""Noise of a round's selection: how much of it is luck, and what of it comes again. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from seal.stats.statistics import accuracy, comparable, mean, pooled_deviation
from seal.types import Attempt, Evaluation, Invalid

Score = Callable[[Attempt], float | None]
"""The reward of an attempt; None if it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionNoise:
    """Signal and noise in the selection of the best self-edits of a round, in accuracy."""

    deviation_over_edits: float | None
    """Standard deviation between the self-edits of a context (means over repeats), pooled over contexts."""
    deviation_over_repeats: float | None
    """Standard deviation between repeats of one self-edit, pooled over self-edits."""
    deviation_by_chance: float | None = None
    """The deviation that equally good self-edits would show: `deviation_over_repeats` / √m for means over m repeats. If
    `deviation_over_edits` is no larger, chance decides."""
    reliability: float | None = None
    """The share of the variance between self-edits that is not chance, from 0 to 1 (intraclass correlation of means).
    None if it is unknown, or if all self-edits of each context are equal."""
    n_contexts: int
    """Contexts with at least one reward."""
    n_tied_at_top: int
    """Contexts in which two or more self-edits share the best reward."""
    n_best_not_better: int
    """Contexts whose best self-edit was tried and does not beat the unadapted model."""
    n_best_unknown: int
    """Contexts where this is unknown: the best self-edit was not tried, or answers of either model lack verdicts."""


def selection_noise(
    attempts: Sequence[Attempt], baselines: Mapping[str, float] | None = None, *, repeats: int | None = None
) -> SelectionNoise:
    """The selection noise of all attempts of a round. The id identifies a context.

    `baselines` gives the unadapted model's accuracy by context. It replaces the baseline in the attempts. Deviations
    are those of the first `repeats`; None takes all.
    """
    contexts = by_context(attempts)
    repeated = [[_accuracies(one.evaluations[:repeats]) for one in group] for group in contexts]
    best = [(group, max(known)) for group in contexts if (known := _rewards(group))]
    before = [(baselines or {}).get(group[0].context.id, _baseline(group[0])) for group, _ in best]
    after = [_best_accuracy(group) for group, _ in best]
    told = [(one, other) for one, other in zip(before, after, strict=True) if one is not None and other is not None]
    over_edits, over_repeats, by_chance = _deviations(repeated)
    return SelectionNoise(
        deviation_over_edits=over_edits,
        deviation_over_repeats=over_repeats,
        deviation_by_chance=by_chance,
        reliability=None if by_chance is None or not over_edits else max(0.0, 1 - (by_chance / over_edits) ** 2),
        n_contexts=len(best),
        n_tied_at_top=sum(_rewards(group).count(top) > 1 for group, top in best),
        n_best_not_better=sum(comparable(tried) <= comparable(unadapted) for unadapted, tried in told),
        n_best_unknown=len(best) - len(told),
    )


def by_context(attempts: Sequence[Attempt]) -> list[list[Attempt]]:
    """The attempts of each context, by its id."""
    return [list(group) for _, group in groupby(sorted(attempts, key=_context), key=_context)]


def best_left_out(attempts: Sequence[Attempt], score: Score, *, repeats: int) -> float | None:
    """The mean over contexts of the best self-edit's reward, without the luck of the choice.

    Each of the first `repeats` is left out once: the best is chosen on the others, and rewarded by the one left out.
    Ties share. The choice rests on one repeat fewer than the round's own. None for fewer than two repeats.
    """
    found = [
        mean(
            [left_out for place in range(repeats) if (left_out := _left_out(group, score, place, repeats)) is not None]
        )
        for group in by_context(attempts)
    ]
    return mean([of_context for of_context in found if of_context is not None])


def _left_out(attempts: Sequence[Attempt], score: Score, place: int, repeats: int) -> float | None:
    """The reward by one repeat of the self-edit that is the best by the others; None if nothing is known."""
    parted = [
        (replace(one, evaluations=others), replace(one, evaluations=alone))
        for one in attempts
        if (alone := one.evaluations[place : place + 1]) or isinstance(one.plan, Invalid)
        if (others := one.evaluations[:place] + one.evaluations[place + 1 : repeats]) or isinstance(one.plan, Invalid)
    ]
    scored = [(score(others), score(alone)) for others, alone in parted if repeats > 1]
    known = [(comparable(chosen), reward) for chosen, reward in scored if chosen is not None and reward is not None]
    top = max((chosen for chosen, _ in known), default=None)
    return mean([reward for chosen, reward in known if chosen == top])


def _deviations(contexts: Sequence[Sequence[Sequence[float]]]) -> tuple[float | None, float | None, float | None]:
    """Between means of self-edits, between their repeats, and the first as far as the second alone would give it.

    `contexts` has the accuracies of each repeat of each self-edit of each context.
    """
    known = [[repeats for repeats in edits if repeats] for edits in contexts]
    over_edits = pooled_deviation([[sum(repeats) / len(repeats) for repeats in edits] for edits in known])
    over_repeats = pooled_deviation([repeats for edits in known for repeats in edits])
    share = mean([1 / len(repeats) for edits in known if len(edits) > 1 for repeats in edits])
    by_chance = None if over_repeats is None or share is None else float(over_repeats * share**0.5)
    return over_edits, over_repeats, by_chance


def _context(attempt: Attempt) -> str:
    return attempt.context.id


def _accuracies(evaluations: Sequence[object]) -> list[float]:
    known = [one for one in evaluations if isinstance(one, Evaluation)]
    return [share for one in known if (share := accuracy(one)) is not None]


def _rewards(attempts: Sequence[Attempt]) -> list[float]:
    return [comparable(attempt.reward) for attempt in attempts if attempt.reward is not None]


def _baseline(attempt: Attempt) -> float | None:
    return accuracy(attempt.baseline) if isinstance(attempt.baseline, Evaluation) else None


def _best_accuracy(attempts: Sequence[Attempt]) -> float | None:
    """The accuracy of the self-edit with the best reward: 0 if it is invalid, None if it was not tried."""
    best = max((one for one in attempts if one.reward is not None), key=lambda one: comparable(one.reward))
    return 0.0 if isinstance(best.plan, Invalid) else mean(_accuracies(best.evaluations))
