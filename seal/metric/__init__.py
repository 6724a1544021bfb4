"""The room of metrics: numbers that stand beside the accuracy. No training and no asking depends on them."""

from abc import ABC, abstractmethod

from seal.settings import Option, option
from seal.types import Query, Verdict


@option
class Metric(Option, ABC):
    """A number of one answer; a setting's is the mean over contexts of each context's mean, as the accuracy is."""

    @abstractmethod
    def score(self, query: Query, verdict: Verdict) -> float | None:
        """From 0 to 1, of `verdict.answer` to a query; None where that cannot be told, which is left out."""
