"""Tunes inner-loop settings separately for each row of a comparison, on training contexts only.

One learning rate for all rows would favour the row that it suits. So each pair of learning rate and epochs is tried on
training contexts. The best pair is then measured on held-out contexts, which played no part in the choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from seal import loop
from seal.recipe.measuring import measurement, setting_of
from seal.stats.results import Outcome, Tuned
from seal.stats.statistics import comparable
from seal.types import Context, Plan, Policy
from seal.work.examining import examine
from seal.work.lab import Lab
from seal.work.trying import Trial

GIVEN = Policy(round=0)
"""The given model, before any update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A pair of settings with its accuracy."""

    learning_rate: float
    epochs: int
    accuracy: float
    tokens: float
    """Trained tokens of one training; the mean over trainings."""


@dataclass(kw_only=True)
class Tuner:
    """Tries settings out on their first use. Without pairs to try, it changes no setting."""

    lab: Lab
    contexts: Sequence[Context]
    """Training contexts."""
    learning_rates: Sequence[float]
    epochs: Sequence[int]
    found: dict[str, list[Tried]] = field(default_factory=dict)
    """Pairs tried so far, by row of the table."""

    def for_passages(self) -> Mapping[str, float]:
        """The best settings for the contexts alone; empty without tuning."""
        return _settings(self._passages())

    def for_self_edits(self, policy: Policy) -> Mapping[str, float]:
        """The best settings for a policy's self-edits; empty without tuning."""
        return _settings(self._self_edits(policy))

    def rate_for_passages(self, tokens: float) -> Mapping[str, float]:
        """The best learning rate for the contexts alone, at about `tokens` trained tokens; empty without tuning."""
        return _rate_at(self._passages(), tokens)

    def rate_for_untrained(self, tokens: float) -> Mapping[str, float]:
        """The same for self-edits of the untrained policy."""
        return _rate_at(self._self_edits(GIVEN), tokens)

    @property
    def chosen(self) -> tuple[Tuned, ...]:
        """The settings chosen so far, by row."""
        return tuple(
            Tuned(
                setting=setting,
                learning_rate=best.learning_rate,
                epochs=best.epochs,
                accuracy=best.accuracy,
                n_contexts=len(self.contexts),
                n_tried=len(tried),
            )
            for setting, tried in self.found.items()
            if (best := _best(tried))
        )

    def _passages(self) -> list[Tried]:
        form = self.lab.run.self_edit
        if form.unedited_setting not in self.found:
            plans = [(context, form.unedited(context)) for context in self.contexts] if self._pairs else []
            self.found[form.unedited_setting] = self._try(form.unedited_setting, GIVEN, plans)
        return self.found[form.unedited_setting]

    def _self_edits(self, policy: Policy) -> list[Tried]:
        setting = setting_of(policy)
        if setting not in self.found:
            planned = []
            if self._pairs:
                edits = loop.propose(self.lab, policy, self.contexts, per_context=1)
                attempts = loop.plan(self.lab, policy, self.contexts, edits, self.lab.run.self_edit)
                planned = [(one.context, one.plan) for one in attempts if isinstance(one.plan, Plan)]
            self.found[setting] = self._try(setting, policy, planned)
        return self.found[setting]

    @property
    def _pairs(self) -> list[tuple[float, int]]:
        return list(product(self.learning_rates, self.epochs))

    def _try(self, setting: str, policy: Policy, planned: Sequence[tuple[Context, Plan]]) -> list[Tried]:
        trials = {
            (rate, epochs): [
                Trial(
                    context=context,
                    source=f"tuning_{setting}_{rate}_{epochs}",
                    plan=plan.with_settings({"learning_rate": rate, "epochs": epochs}),
                )
                for context, plan in planned
            ]
            for rate, epochs in self._pairs
        }
        every = [trial for those in trials.values() for trial in those]
        outcomes = iter(examine(self.lab, policy, every, title=f"tuning {setting}")) if every else iter(())
        tried = []
        for (rate, epochs), those in trials.items():
            asked: list[list[Outcome]] = [[next(outcomes)] for _ in those]
            row = measurement(setting, [trial.context for trial in those], asked).row()
            if row.accuracy is not None and row.tokens:
                tried.append(Tried(learning_rate=rate, epochs=epochs, accuracy=row.accuracy, tokens=row.tokens))
        return tried


def _best(tried: Sequence[Tried]) -> Tried | None:
    """The most accurate pair. Ties go to the one with the fewest tokens."""
    return min(tried, key=lambda one: (-comparable(one.accuracy), one.tokens), default=None)


def _settings(tried: Sequence[Tried]) -> Mapping[str, float]:
    best = _best(tried)
    return {"learning_rate": best.learning_rate, "epochs": best.epochs} if best else {}


def _rate_at(tried: Sequence[Tried], tokens: float) -> Mapping[str, float]:
    """The best learning rate, after taking for each rate the trial with the nearest number of tokens."""
    nearest = [
        min((one for one in tried if one.learning_rate == rate), key=lambda one: abs(one.tokens - tokens))
        for rate in dict.fromkeys(one.learning_rate for one in tried)
    ]
    best = _best(nearest)
    return {"learning_rate": best.learning_rate} if best else {}
