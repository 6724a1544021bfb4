"""A random reward: a control that separates the effect of selection from the effect of more training."""

from collections.abc import Callable, Sequence
from random import Random as Generator
from typing import ClassVar

from seal.base.seeds import derive
from seal.outer.reward import Reward
from seal.settings import option
from seal.types import Attempt, Context, Rating, SelfEdit, Unavailable, Usage

MOST_POINTS = 1_000_000


@option
class Random(Reward):
    """A control: a random number for each self-edit, without training. Invalid self-edits are still left out. Needs
    outer.must_beat_unadapted=false."""

    rates: ClassVar[bool] = True
    limits: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    seed: int = 0
    """Seed of the random numbers."""

    def score(self, attempt: Attempt) -> float | None:
        return attempt.rating.scores["points"] / MOST_POINTS if attempt.rating else None

    def rate(
        self, pairs: Sequence[tuple[Context, SelfEdit]], spend: Callable[[Usage], None]
    ) -> list[Rating | Unavailable]:
        return [
            Rating(
                scores={"points": Generator(derive(self.seed, "reward", context.id, edit.text)).randint(0, MOST_POINTS)}
            )
            for context, edit in pairs
        ]

    def is_tried(self, ratings: Sequence[Rating | None]) -> list[bool]:
        return [False] * len(ratings)

    def n_tried(self, edits_per_context: int) -> int:
        return 0
