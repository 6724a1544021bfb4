"""The rows of a comparison: each setting, and beside it what the same compute gives without better self-edits.

All rows are about the same contexts, asked in the same way. Matched rows adapt the model as it was given, not a later
policy: they say what one could have had without any round of training.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from seal import loop
from seal.base.seeds import derive
from seal.recipe.matching import Match, matched, training_of
from seal.recipe.measuring import measurement, setting_of
from seal.recipe.tuning import GIVEN, Tuner
from seal.stats.measurement import Measurement, of_attempts
from seal.stats.results import Curve, CurvePoint, Outcome
from seal.types import Attempt, Context, Invalid, Plan, Policy, Training
from seal.work.examining import examine
from seal.work.lab import Lab
from seal.work.trying import TRYING, Trial, phase_of


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Measures settings on some contexts."""

    lab: Lab
    contexts: Sequence[Context]
    edits_per_context: int
    repeats: int
    match: Match
    tuner: Tuner

    def without_self_edits(self) -> Measurement:
        """Each context alone adapts the model, as often as the settings with self-edits do."""
        chosen = self.tuner.for_passages()
        trials = [
            Trial(context=context, source="passage", plan=self._alone(context).with_settings(chosen), repeat=repeat)
            for context in self.contexts
            for repeat in range(self.repeats * self.edits_per_context)
        ]
        return self._examined(
            self.lab.run.self_edit.unedited_setting, trials, title="training without self-edits, asking"
        )

    def with_self_edits(self, policy: Policy) -> list[Attempt]:
        """The policy writes self-edits, and each adapts it."""
        return loop.try_out(
            self.lab,
            policy,
            self.contexts,
            loop.propose(self.lab, policy, self.contexts, per_context=self.edits_per_context),
            repeats=self.repeats,
            settings=self.tuner.for_self_edits(policy),
        )

    def row_of(self, policy: Policy, attempts: Sequence[Attempt]) -> Measurement:
        """What came of a policy's self-edits."""
        found = of_attempts(setting_of(policy), attempts)
        return replace(found, seconds=self.lab.seconds_per_unit(phase_of(policy, TRYING)))

    def matched_passages(self, policy: Policy, attempts: Sequence[Attempt], alone: Measurement) -> list[Measurement]:
        """The contexts alone, each trained on for as long as the policy's self-edits about it."""
        setting = self.lab.run.self_edit.unedited_setting
        plans = {context.id: self._alone(context) for context in self.contexts}
        took = {
            context: training_of(one for of_one in found for one in of_one) for context, found in alone.outcomes.items()
        }
        return self._matched(
            setting.removesuffix("_only"),
            policy,
            [(one, plans[one.context.id], took[one.context.id]) for one in attempts],
            rate_at=self.tuner.rate_for_passages,
        )

    def matched_untrained(
        self, policy: Policy, attempts: Sequence[Attempt], untrained: Sequence[Attempt]
    ) -> list[Measurement]:
        """Self-edits of the untrained policy, each trained on for as long as the one beside it."""
        beside = {one.name: one for one in untrained}
        pairs = [(one, beside[one.name]) for one in attempts if one.name in beside]
        return self._matched(
            "untrained",
            policy,
            [(one, other.plan, training_of(other.evaluations)) for one, other in pairs],
            rate_at=self.tuner.rate_for_untrained,
        )

    def curves(self, by_policy: Mapping[Policy, Sequence[Attempt]], epochs: Sequence[int]) -> tuple[Curve, ...]:
        """Contexts alone, and policies' self-edits as they were tried out, trained for other numbers of epochs."""
        if not epochs:
            return ()
        alone = [
            (context, index, self._alone(context).with_settings(self.tuner.for_passages()))
            for context in self.contexts
            for index in range(self.edits_per_context)
        ]
        found = [self._curve(self.lab.run.self_edit.unedited_setting, GIVEN, alone, epochs)]
        for policy, attempts in by_policy.items():
            planned = [(one.context, one.self_edit.index, one.plan) for one in attempts if isinstance(one.plan, Plan)]
            found.append(self._curve(setting_of(policy), policy, planned, epochs))
        return tuple(found)

    def _alone(self, context: Context) -> Plan:
        return self.lab.run.self_edit.unedited(context)

    def _matched(
        self,
        name: str,
        policy: Policy,
        planned: Sequence[tuple[Attempt, Plan | Invalid, Training | None]],
        *,
        rate_at: Callable[[float], Mapping[str, float]],
    ) -> list[Measurement]:
        """Each plan, with what it took on its own, is given the compute of the attempt before it.

        Beside an invalid self-edit it is trained as in its own row: leaving the context out would compare on those
        alone that the self-edits manage. An invalid plan scores 0 here too. Where a training failed there is nothing to
        match. Nothing is measured where that is so of all.
        """
        setting = f"{name}_matched" if policy == GIVEN else f"{name}_matched_{policy.id}"
        trials: list[Trial] = []
        invalid: list[tuple[Context, Invalid]] = []
        for attempt, plan, took in planned if self.match != "none" else []:
            if isinstance(plan, Invalid):
                invalid += [(attempt.context, plan)] * self.repeats
                continue
            like, budget = (
                (attempt.plan, training_of(attempt.evaluations)) if isinstance(attempt.plan, Plan) else (plan, took)
            )
            if not (took and budget):
                continue
            stretched = matched(
                plan.with_settings(rate_at(budget.trained_tokens)),
                took,
                like=like,
                budget=budget,
                match=self.match,
                random=Random(derive(self.lab.run.seed, setting, attempt.name)),
            )
            source = f"{setting}_{attempt.self_edit.index}"
            trials += [
                Trial(context=attempt.context, source=source, plan=stretched, repeat=repeat)
                for repeat in range(self.repeats)
            ]
        title = f"training for {setting}, asking"
        found = [self._examined(setting, trials, title=title, invalid=invalid)] if trials else []
        return [replace(one, matched_to=setting_of(policy)) for one in found]

    def _curve(
        self, setting: str, policy: Policy, planned: Sequence[tuple[Context, int, Plan]], epochs: Sequence[int]
    ) -> Curve:
        points = []
        for number in epochs:
            trials = [
                Trial(
                    context=context,
                    source=f"{setting}_{number}_epochs_{index}",
                    plan=plan.with_settings({"epochs": number}),
                )
                for context, index, plan in planned
            ]
            row = self._examined(setting, trials, policy=policy, title=f"curve of {setting}, {number} epochs").row()
            if row.accuracy is not None and row.tokens and row.updates:
                points.append(
                    CurvePoint(
                        epochs=number, tokens=row.tokens, updates=row.updates, accuracy=row.accuracy, ci95=row.ci95
                    )
                )
        return Curve(setting=setting, points=tuple(points))

    def _examined(
        self,
        setting: str,
        trials: Sequence[Trial],
        *,
        title: str,
        policy: Policy = GIVEN,
        invalid: Sequence[tuple[Context, Invalid]] = (),
    ) -> Measurement:
        """One model a trial; each counts as one self-edit of its context, as each of the invalid ones does."""
        made = zip((trial.context for trial in trials), examine(self.lab, policy, trials, title=title), strict=True)
        contexts: dict[str, Context] = {}
        outcomes: dict[str, list[Outcome]] = {}
        for context, outcome in (*made, *invalid):
            contexts[context.id] = context
            outcomes.setdefault(context.id, []).append(outcome)
        found = measurement(setting, list(contexts.values()), list(outcomes.values()))
        return replace(found, seconds=self.lab.seconds_per_unit(phase_of(policy, title)))
