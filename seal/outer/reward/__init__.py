"""The room of rewards: they score a self-edit by the models adapted on it, or by reading it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import ClassVar

from seal.settings import Option, option
from seal.types import Attempt, Context, Rating, SelfEdit, Unavailable, Usage


@option
class Reward(Option, ABC):
    """A number for each self-edit, which the outer loop maximizes."""

    rates: ClassVar[bool] = False
    """True if each self-edit is read and rated before it is tried out."""
    of_answers: ClassVar[bool] = False
    """True if it depends only on what the adapted model answers. Then it is the same if nothing is adapted."""

    limits: ClassVar[tuple[float, float] | None] = None
    """The least and the greatest possible reward; None if there is no such limit. Intervals stay inside."""

    @property
    def knows_unadapted(self) -> bool:
        """True if the reward can score the unadapted model: the class defines `of_unadapted`."""
        return type(self).of_unadapted is not Reward.of_unadapted

    @abstractmethod
    def score(self, attempt: Attempt) -> float | None:
        """The reward of one valid self-edit; None if it is unknown.

        It sees the whole attempt: text, plan, trainings and verdicts (`attempt.worked`), the unadapted model
        (`attempt.before`), and the rating if the reward asks for one.
        """

    def of_unadapted(self, attempt: Attempt) -> float | None:
        """The reward of a self-edit without any effect, on the same context. None (the default) if unknown."""
        return None

    def rate(
        self, pairs: Sequence[tuple[Context, SelfEdit]], spend: Callable[[Usage], None]
    ) -> list[Rating | Unavailable]:
        """One rating per self-edit, in order. Called only if `rates` is true."""
        raise NotImplementedError

    def is_tried(self, ratings: Sequence[Rating | None]) -> list[bool]:
        """For each self-edit of one context, True if it is worth a training. All are by default."""
        return [True] * len(ratings)

    def worth_trying(self, attempts: Sequence[Attempt]) -> list[str]:
        """The names of the attempts worth a training, over several contexts."""
        chosen: list[str] = []
        for _, group in groupby(attempts, key=lambda attempt: attempt.context.id):
            of_context = list(group)
            tried = self.is_tried([attempt.rating for attempt in of_context])
            chosen += [attempt.name for attempt, is_tried in zip(of_context, tried, strict=True) if is_tried]
        return chosen

    def n_tried(self, edits_per_context: int) -> int:
        """Number of self-edits per context that are tried out, for forecasts."""
        return edits_per_context

    def forecast(self, contexts: Sequence[Context], *, n_edits: int) -> Usage:
        """An upper estimate of what a paid rater charges for `n_edits` self-edits. Nothing by default."""
        return Usage(n_calls=0)

    def ready(self) -> None:  # most rewards need no service
        """Check that the service behind the reward can be reached.

        Raises:
            RunError: it cannot be reached.
        """
