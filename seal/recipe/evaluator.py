"""Measures the rows of a comparison: each setting, and its matched rows at equal compute.

All rows use the same contexts and queries. Matched rows adapt the given model, not a later policy. They show what the
same compute gives without any training round.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from seal import loop
from seal.base.seeds import derive
from seal.recipe.matching import Match, matched, training_of
from seal.recipe.measuring import measurement, setting_of, unadapted
from seal.recipe.tuning import GIVEN, Tuner
from seal.stats.measurement import Measurement, of_attempts
from seal.stats.results import Outcome
from seal.types import Attempt, Context, Failure, Invalid, Plan, Policy, Training
from seal.work.examining import ask_unadapted, examine
from seal.work.lab import Lab
from seal.work.trying import TRYING, Trial, phase_of


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found of a policy."""

    rows: tuple[Measurement, ...]
    attempts: Sequence[Attempt] = ()
    """Its self-edits, tried out; none where the inner loop trains nothing."""
    alone: Measurement | None = None
    """The row of the contexts alone."""


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Measures settings on some contexts."""

    lab: Lab
    contexts: Sequence[Context]
    edits_per_context: int
    repeats: int
    match: Match
    tuner: Tuner

    def given(self) -> Measured:
        """The model as it was given: unadapted, adapted by the contexts alone, and by its own self-edits.

        Without an inner loop all of these would be the first, so that nothing is written and one row says it.
        """
        setting = self.lab.run.task.unadapted_setting
        if not self.lab.run.inner.adapts:
            return self._as_it_is(GIVEN, setting)
        if not self.edits_per_context:
            alone = self.without_self_edits()
            return Measured(rows=(*self._as_it_is(GIVEN, setting).rows, alone), alone=alone)
        attempts = self.with_self_edits(GIVEN)
        alone = self.without_self_edits()
        matched = self.matched_passages(GIVEN, attempts, alone)
        rows = (unadapted(setting, attempts), alone, *matched, self.row_of(GIVEN, attempts))
        return Measured(rows=rows, attempts=attempts, alone=alone)

    def learned(self, policy: Policy, given: Measured) -> Measured:
        """A later policy: adapted by its own self-edits, beside what the given model makes of as much training."""
        if given.alone is None:
            return self._as_it_is(policy, setting_of(policy))
        attempts = self.with_self_edits(policy)
        rows = (
            *self.matched_passages(policy, attempts, given.alone),
            *self.matched_untrained(policy, attempts, given.attempts),
            self.row_of(policy, attempts),
        )
        return Measured(rows=rows, attempts=attempts)

    def _as_it_is(self, policy: Policy, setting: str) -> Measured:
        outcomes = ask_unadapted(self.lab, policy, self.contexts)
        return Measured(rows=(measurement(setting, self.contexts, [[one] for one in outcomes]),))

    def without_self_edits(self) -> Measurement:
        """Train on each context alone, as often as the rows with self-edits train."""
        chosen = self.tuner.for_passages()
        trials = [
            Trial(context=context, source="passage", plan=self.plan_alone(context).with_settings(chosen), repeat=repeat)
            for context in self.contexts
            for repeat in range(self.repeats * max(1, self.edits_per_context))
        ]
        return self.examined(
            self.lab.run.self_edit.unedited_setting, trials, title="training without self-edits, asking"
        )

    def with_self_edits(self, policy: Policy) -> list[Attempt]:
        """Let the policy write self-edits, and adapt it by each."""
        return loop.try_out(
            self.lab,
            policy,
            self.contexts,
            loop.propose(self.lab, policy, self.contexts, per_context=self.edits_per_context),
            repeats=self.repeats,
            settings=self.tuner.for_self_edits(policy),
        )

    def row_of(self, policy: Policy, attempts: Sequence[Attempt]) -> Measurement:
        """The measurement of a policy's self-edits."""
        found = of_attempts(setting_of(policy), attempts)
        return replace(found, seconds=self.lab.seconds_per_unit(phase_of(policy, TRYING)))

    def matched_passages(self, policy: Policy, attempts: Sequence[Attempt], alone: Measurement) -> list[Measurement]:
        """The contexts alone, each with the compute of the policy's self-edits about it."""
        setting = self.lab.run.self_edit.unedited_setting
        plans = {
            context.id: self.plan_alone(context).with_settings(self.tuner.for_passages()) for context in self.contexts
        }
        took = {
            context: training_of(one for of_one in found for one in of_one) for context, found in alone.outcomes.items()
        }
        return self._matched(
            setting.removesuffix("_only"),
            policy,
            [(one, plans[one.context.id], took[one.context.id]) for one in attempts],
            rate_at=self.tuner.rate_for_passages,
            own=alone,
        )

    def matched_untrained(
        self, policy: Policy, attempts: Sequence[Attempt], untrained: Sequence[Attempt]
    ) -> list[Measurement]:
        """Self-edits of the untrained policy, each with the compute of the self-edit at the same index."""
        beside = {one.name: one for one in untrained}
        pairs = [(one, beside[one.name]) for one in attempts if one.name in beside]
        return self._matched(
            "untrained",
            policy,
            [(one, other.plan, training_of(other.evaluations)) for one, other in pairs],
            rate_at=self.tuner.rate_for_untrained,
            own=self.row_of(GIVEN, untrained),
        )

    def plan_alone(self, context: Context) -> Plan:
        """The training on a context without any self-edit."""
        return self.lab.run.self_edit.unedited(context)

    def _matched(
        self,
        name: str,
        policy: Policy,
        planned: Sequence[tuple[Attempt, Plan | Invalid | Failure, Training | None]],
        *,
        rate_at: Callable[[float], Mapping[str, float]],
        own: Measurement,
    ) -> list[Measurement]:
        """Measure each plan with the compute of its attempt. The training in `planned` is the plan's own.

        An invalid plan scores 0, as in its own row. A failed training cannot be matched, and is left out. The result is
        empty if no plan is left. If every plan had that compute already, in the row `own`, nothing is trained again.
        """
        setting = f"{name}_matched" if policy == GIVEN else f"{name}_matched_{policy.id}"
        trials: list[Trial] = []
        invalid: list[tuple[Context, Invalid]] = []
        has_changed = False
        for attempt, plan, took in planned if self.match != "none" else []:
            if isinstance(plan, Invalid):
                invalid.append((attempt.context, plan))
            elif isinstance(plan, Plan) and (stretched := self._stretched(setting, attempt, plan, took, rate_at)):
                has_changed |= not _is_same(stretched, plan, took)
                source = f"{setting}_{attempt.self_edit.index}"
                trials += [
                    Trial(context=attempt.context, source=source, plan=stretched, repeat=repeat)
                    for repeat in range(self.repeats)
                ]
        if trials and not has_changed:
            self.lab.skip_trials(f"what {setting} has in common with {own.setting}", len(trials))
            return [replace(own, setting=setting, matched_to=setting_of(policy))]
        title = f"training for {setting}, asking"
        found = [self.examined(setting, trials, title=title, invalid=invalid)] if trials else []
        return [replace(one, matched_to=setting_of(policy)) for one in found]

    def _stretched(
        self,
        setting: str,
        attempt: Attempt,
        plan: Plan,
        took: Training | None,
        rate_at: Callable[[float], Mapping[str, float]],
    ) -> Plan | None:
        """The plan with the compute of the attempt; None if a training failed.

        If the attempt's self-edit is invalid, the plan stays unchanged. Leaving the context out would restrict the
        comparison to contexts that the self-edits can handle.
        """
        if isinstance(attempt.plan, Invalid):
            return plan if took else None
        budget = training_of(attempt.evaluations)
        if not (took and budget) or isinstance(attempt.plan, Failure):
            return None
        return matched(
            plan.with_settings(rate_at(budget.trained_tokens)),
            took,
            like=attempt.plan,
            budget=budget,
            match=self.match,
            random=Random(derive(self.lab.run.seed, setting, attempt.name)),
        )

    def examined(
        self,
        setting: str,
        trials: Sequence[Trial],
        *,
        title: str,
        policy: Policy = GIVEN,
        invalid: Sequence[tuple[Context, Invalid]] = (),
    ) -> Measurement:
        """Measure one model per trial. Trials with the same source are repeats. Each invalid plan is its own source."""
        outcomes: dict[tuple[str, str], list[Outcome]] = {}
        for trial, outcome in zip(trials, examine(self.lab, policy, trials, title=title), strict=True):
            outcomes.setdefault((trial.context.id, trial.source), []).append(outcome)
        outcomes |= {(context.id, f"invalid_{number}"): [plan] for number, (context, plan) in enumerate(invalid)}
        contexts = {
            context.id: context
            for context in (*(trial.context for trial in trials), *(context for context, _ in invalid))
        }
        of_context = {name: [found for (owner, _), found in outcomes.items() if owner == name] for name in contexts}
        found = measurement(setting, list(contexts.values()), [[] for _ in contexts])
        return replace(found, outcomes=of_context, seconds=self.lab.seconds_per_unit(phase_of(policy, title)))


def _is_same(stretched: Plan, plan: Plan, took: Training | None) -> bool:
    """Whether the stretched plan trains as the plan did on its own."""
    return stretched == plan or (took is not None and stretched == plan.with_settings({"steps": len(took.losses)}))
