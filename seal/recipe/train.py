"""The method: training rounds on training contexts, with measurements on held-out contexts before and after each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from seal import loop
from seal.outer import Outer
from seal.recipe import (
    Forecast,
    forecast_attempts,
    forecast_passages,
    forecast_practice,
    without_queries,
)
from seal.recipe.comparing import Compares
from seal.recipe.keeping import keep_best
from seal.recipe.measuring import (
    failure_notes,
    invalid_note,
    kind_rows,
    results_of,
    style_shares,
    unadapted,
)
from seal.recipe.tuning import GIVEN
from seal.settings import Chosen, option
from seal.stats.results import Results, RoundSummary, summarize
from seal.task import Contexts
from seal.types import Context, Policy, Round
from seal.work.lab import Lab


@option
class Train(Compares):
    """Training rounds on training contexts, with measurements on held-out contexts before and after each.

    This is algorithm 1 of arXiv 2506.10943.
    """

    rounds: NonNegativeInt = 2
    """Number of policy updates."""
    contexts_per_round: PositiveInt = 50
    """Training contexts per round. The next round takes the next contexts, and starts over at the end."""
    edits_per_context: PositiveInt = 5
    """Self-edits sampled per training context."""
    repeats: PositiveInt = 3
    """Trainings per self-edit, with different seeds. Its reward is the mean over them."""
    held_out_contexts: PositiveInt | None = None
    """Number of held-out contexts that measure; null takes all."""
    held_out_edits: PositiveInt = 1
    """Self-edits per held-out context."""
    held_out_repeats: PositiveInt = 1
    """Trainings per held-out self-edit."""
    keep_adapters: NonNegativeInt = 0
    """Number of adapters per round to keep on disk, in `adapters/` and PEFT's format. SEAL keeps those of the
    self-edits with the highest rewards. It trains them once more, because the rewards are known only after the
    round."""
    adapters_budget_gb: PositiveFloat | None = None
    """Disk budget for these adapters. The worst of the oldest round are deleted first. null sets no limit."""

    @property
    def adapters_kept(self) -> tuple[int, float | None]:
        return self.keep_adapters * self.rounds, self.adapters_budget_gb

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        if self.keep_adapters and not (run.inner.adapts and run.inner.makes_adapters):
            yield "recipe.keep_adapters: this inner loop makes no adapters: set it to 0, or choose inner=lora"

    @property
    def learns(self) -> bool:
        return self.rounds > 0

    def faults_of_data(self, contexts: Contexts) -> list[str]:
        if not contexts.train or not contexts.held_out:
            return [
                f"training needs contexts in both parts, but {len(contexts.train)} are for training and "
                f"{len(contexts.held_out)} held out: {contexts.remedy}, or recipe=adapt"
            ]
        without = without_queries(contexts, [*contexts.train, *self.measured(contexts)])
        return without + self.faults_of_tuning(contexts)

    def wanted(self, contexts: Contexts) -> list[tuple[Context, int]]:
        on_practice = [
            (context, self.edits_per_context)
            for index in range(self.rounds)
            for context in self.practised(contexts, index)
        ]
        measured = [(context, self.held_out_edits) for context in self.measured(contexts)]
        return on_practice + measured + self.wanted_to_tune(contexts)

    def forecast(self, contexts: Contexts, outer: Outer) -> Forecast:
        held_out = self.measured(contexts)
        total = forecast_passages(held_out, repeats=self.held_out_edits * self.held_out_repeats)
        for _ in range(self.rounds + 1):
            total += forecast_attempts(held_out, edits_per_context=self.held_out_edits, repeats=self.held_out_repeats)
        for index in range(self.rounds):
            practised = self.practised(contexts, index)
            total += forecast_practice(practised, outer, edits_per_context=self.edits_per_context, repeats=self.repeats)
            total += Forecast(policy_updates=1, trainings=self.keep_adapters)
        return total + self.forecast_more(
            contexts,
            held_out,
            edits_per_context=self.held_out_edits,
            repeats=self.held_out_repeats,
            rounds=self.rounds,
        )

    def measured(self, contexts: Contexts) -> Sequence[Context]:
        """The held-out contexts that measure."""
        return contexts.held_out[: self.held_out_contexts]

    def practised(self, contexts: Contexts, index: int) -> Sequence[Context]:
        """The training contexts of round `index`."""
        count = min(self.contexts_per_round, len(contexts.train))
        return [contexts.train[(index * count + place) % len(contexts.train)] for place in range(count)]

    def perform(self, lab: Lab) -> Results:
        policy = GIVEN
        evaluator = self.evaluator(
            lab, self.measured(lab.contexts), edits_per_context=self.held_out_edits, repeats=self.held_out_repeats
        )
        untrained = attempts = evaluator.with_self_edits(policy)
        alone = evaluator.without_self_edits()
        measurements = [
            unadapted(lab.run.task.unadapted_setting, attempts),
            alone,
            *evaluator.matched_passages(policy, attempts, alone),
            evaluator.row_of(policy, attempts),
        ]
        styles, rounds = {policy.id: style_shares(lab, attempts)}, []
        notes = [*lab.contexts.notes, *invalid_note(policy, attempts)]
        for turn in self._turns(lab, policy):
            policy = turn.next
            attempts = evaluator.with_self_edits(policy)
            measurements += [
                *evaluator.matched_passages(policy, attempts, alone),
                *evaluator.matched_untrained(policy, attempts, untrained),
                evaluator.row_of(policy, attempts),
            ]
            styles[policy.id] = style_shares(lab, attempts)
            rounds.append(summarize(turn))
            notes += [*_learning_note(rounds[-1]), *invalid_note(policy, attempts)]
            lab.announce(f"round {turn.index}", rounds[-1].metrics())
        return replace(
            results_of(lab, measurements),
            rounds=tuple(rounds),
            kinds=kind_rows(measurements),
            curves=evaluator.curves({GIVEN: untrained, policy: attempts}, self.epochs_curve),
            tuned=evaluator.tuner.chosen,
            styles=styles,
            notes=(*notes, *failure_notes(measurements)),
            artifacts={"policy": policy.weights} if policy.weights else {},
        )

    def _turns(self, lab: Lab, policy: Policy) -> Iterator[Round]:
        """The rounds, the best adapters of each kept."""
        practised = [self.practised(lab.contexts, index) for index in range(self.rounds)]
        for turn in loop.train(lab, policy, practised, edits_per_context=self.edits_per_context, repeats=self.repeats):
            if self.keep_adapters:
                keep_best(lab, turn.policy, turn.attempts, count=self.keep_adapters, budget_gb=self.adapters_budget_gb)
            yield turn


def _learning_note(summary: RoundSummary) -> Iterator[str]:
    if not summary.n_kept:
        yield (
            f"round {summary.round + 1}: none of {summary.n_attempts} self-edits was good enough to learn from: the "
            "policy is what it was before"
        )
