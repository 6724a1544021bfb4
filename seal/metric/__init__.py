"""The room of metrics: numbers reported beside the accuracy. Training and answering do not depend on them."""

from abc import ABC, abstractmethod

from seal.settings import Option, option
from seal.types import Query, Verdict


@option
class Metric(Option, ABC):
    """A number for one answer. A setting has the mean over contexts of their means, as for the accuracy."""

    @abstractmethod
    def score(self, query: Query, verdict: Verdict) -> float | None:
        """A number from 0 to 1 for `verdict.answer`. None means unknown; such answers are left out."""
