"""The winner's curse: rewards of kept self-edits at choice, and again with fresh seeds. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from seal.stats.intervals import Ends
from seal.stats.selection import by_context
from seal.stats.statistics import estimate
from seal.types import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """The kept self-edits of a round, by the rewards that chose them and by those of fresh trainings.

    Every mean is over contexts of the mean over their kept self-edits.
    """

    n_self_edits: int
    """Kept self-edits with both rewards."""
    n_repeats: int
    """Fresh trainings of each."""
    reward_at_choice: float
    reward_again: float
    """By the fresh trainings alone."""
    difference: float
    """Again minus at choice. Below 0, part of the choice was luck."""
    ci95: tuple[float, float] | None
    """Of the difference, over contexts; None for fewer than two."""


def retried(
    attempts: Sequence[Attempt], again: Sequence[Attempt], *, repeats: int, limits: Ends | None = None
) -> Retried | None:
    """Compare the rewards of self-edits with those of the same ones, tried `again`. None if nothing is known of them.

    `limits` are those of a reward.
    """
    rewards = {one.name: one.reward for one in attempts}
    known = [one for one in again if one.reward is not None and rewards.get(one.name) is not None]
    pairs = [[(rewards[one.name] or 0.0, one.reward or 0.0) for one in group] for group in by_context(known)]
    before = [sum(first for first, _ in group) / len(group) for group in pairs]
    after = [sum(second for _, second in group) / len(group) for group in pairs]
    found = estimate(
        [later - earlier for earlier, later in zip(before, after, strict=True)],
        limits=(limits[0] - limits[1], limits[1] - limits[0]) if limits else None,
    )
    if found is None:
        return None
    return Retried(
        n_self_edits=len(known),
        n_repeats=repeats,
        reward_at_choice=sum(before) / len(before),
        reward_again=sum(after) / len(after),
        difference=found.mean,
        ci95=found.ci95,
    )
