"""ReST-EM (arXiv 2312.06585), rejection sampling with fine-tuning: keep the best self-edits, and train on them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from seal.outer import Outer
from seal.outer.learner import Learner
from seal.outer.learner.lora import LoRALearner
from seal.outer.reward import Reward
from seal.outer.reward.accuracy import Accuracy
from seal.settings import Chosen, option
from seal.stats.statistics import comparable
from seal.types import Attempt, Invalid, Weighted


@option
class ReSTEM(Outer):
    """ReST-EM: fine-tune the policy on the `keep` best self-edits of each context (arXiv 2506.10943 §3.1)."""

    reward: Reward = Accuracy()
    learner: Learner = LoRALearner()
    keep: PositiveInt = 1
    """Number of self-edits per context that the policy learns from."""
    must_beat_unadapted: bool = True
    """If true, a self-edit must beat the unadapted model to be kept. The published code does not require this."""
    ties: Literal["first", "shortest", "all"] = "all"
    """How ties are broken: keep the first sampled, the shortest, or all that tie with the last one kept. The published
    code keeps the first."""
    extra_repeats: NonNegativeInt = 0
    """Maximum number of extra trainings of a self-edit. Each is done only while the self-edit is undecided."""
    close: NonNegativeFloat = 0.05
    """A self-edit is undecided if its reward is within this distance of the border between kept and not kept."""

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        if run.recipe.learns and self.must_beat_unadapted and not self.reward.knows_unadapted:
            yield "outer.must_beat_unadapted: this reward does not rate the unadapted model: set it to false"

    def lessons(self, attempts: Sequence[Attempt]) -> list[Weighted]:
        """The best `keep` attempts of each context, all with the same weight."""
        ordered = sorted(attempts, key=lambda attempt: (attempt.context.id, attempt.self_edit.index))
        kept = [
            best
            for _, of_context in groupby(ordered, key=lambda attempt: attempt.context.id)
            for best in self._best(list(of_context))
        ]
        chosen = {(attempt.context.id, attempt.self_edit.index) for attempt in kept}
        return [Weighted(attempt=one) for one in attempts if (one.context.id, one.self_edit.index) in chosen]

    def most_kept(self, edits_per_context: int) -> int:
        return edits_per_context if self.ties == "all" else min(self.keep, edits_per_context)

    def undecided(self, attempts: Sequence[Attempt]) -> list[str]:
        """The attempts near the border of each context, if it is narrow. Rewards are means of a few noisy repeats."""
        ordered = sorted(attempts, key=lambda attempt: attempt.context.id)
        return [
            attempt.name
            for _, of_context in groupby(ordered, key=lambda attempt: attempt.context.id)
            for attempt in self._near_the_border(list(of_context))
        ]

    def _near_the_border(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        ranked = sorted((one for one in attempts if one.evaluations and one.reward is not None), key=self._rank)
        if len(ranked) <= self.keep:
            return []
        inside, outside = (comparable(ranked[place].reward) for place in (self.keep - 1, self.keep))
        if inside - outside > self.close:
            return []
        return [one for one in ranked if outside - self.close <= comparable(one.reward) <= inside + self.close]

    def _best(self, attempts: Sequence[Attempt]) -> Iterator[Attempt]:
        """The best attempts of one context, best first."""
        eligible = [attempt for attempt in attempts if self._is_eligible(attempt)]
        ranked = sorted(eligible, key=self._rank)
        yield from ranked[: self.keep]
        if self.ties == "all" and len(ranked) > self.keep:
            last = comparable(ranked[self.keep - 1].reward)
            yield from (attempt for attempt in ranked[self.keep :] if comparable(attempt.reward) == last)

    def _rank(self, attempt: Attempt) -> tuple[float, int, int]:
        assert attempt.reward is not None
        length = len(attempt.self_edit.text) if self.ties == "shortest" else 0
        return -comparable(attempt.reward), length, attempt.self_edit.index

    def _is_eligible(self, attempt: Attempt) -> bool:
        """True if an attempt was tried, its reward is known and, if required, it beats the unadapted model."""
        if attempt.reward is None or isinstance(attempt.plan, Invalid) or not attempt.self_edit.text.strip():
            return False
        if not self.must_beat_unadapted:
            return True
        before = self.reward.of_unadapted(attempt)
        return before is not None and comparable(attempt.reward) > comparable(before)
