"""The room of rewards: how good a self-edit was, from how the models adapted by it did, or from reading it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import ClassVar

from seal.settings import Option, option
from seal.types import Attempt, Context, Rating, SelfEdit, Unavailable, Usage


@option
class Reward(Option, ABC):
    """A number to be maximized."""

    rates: ClassVar[bool] = False
    """Whether each self-edit is read and rated before it is tried out."""

    @property
    def knows_unadapted(self) -> bool:
        """Whether there is a reward of doing nothing, to be beaten: `of_unadapted` says what it is."""
        return type(self).of_unadapted is not Reward.of_unadapted

    @abstractmethod
    def score(self, attempt: Attempt) -> float | None:
        """The reward of one self-edit that could be trained on; None if nothing is known.

        It sees the whole attempt: text, plan, trainings and verdicts (`attempt.worked`), the unadapted model
        (`attempt.before`), and the rating where the reward asks for one.
        """

    def of_unadapted(self, attempt: Attempt) -> float | None:
        """What a self-edit without any effect would earn on the same context; None, as by default, if unknown."""
        return None

    def rate(
        self, pairs: Sequence[tuple[Context, SelfEdit]], spend: Callable[[Usage], None]
    ) -> list[Rating | Unavailable]:
        """One rating a self-edit, in order. Only called where `rates`."""
        raise NotImplementedError

    def is_tried(self, ratings: Sequence[Rating | None]) -> list[bool]:
        """Which of one context's self-edits are worth training on; all by default."""
        return [True] * len(ratings)

    def worth_trying(self, attempts: Sequence[Attempt]) -> list[str]:
        """The names of those, of several contexts, that are."""
        chosen: list[str] = []
        for _, group in groupby(attempts, key=lambda attempt: attempt.context.id):
            of_context = list(group)
            tried = self.is_tried([attempt.rating for attempt in of_context])
            chosen += [attempt.name for attempt, is_tried in zip(of_context, tried, strict=True) if is_tried]
        return chosen

    def n_tried(self, edits_per_context: int) -> int:
        """How many that are, for forecasts."""
        return edits_per_context

    def forecast(self, contexts: Sequence[Context], *, n_edits: int) -> Usage:
        """About what rating so many self-edits takes from a paid reader, at most; nothing by default."""
        return Usage(n_calls=0)

    def ready(self) -> None:  # most options need nobody
        """Whoever it needs is there.

        Raises:
            RunError: they cannot be reached.
        """
