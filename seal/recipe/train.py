"""The method: training rounds on training contexts, with measurements on held-out contexts before and after each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from seal import loop
from seal.recipe import (
    Forecast,
    fewer_than_asked,
    forecast_asked,
    forecast_attempts,
    forecast_passages,
    forecast_practice,
    without_queries,
)
from seal.recipe.comparing import Compares
from seal.recipe.curves import curves
from seal.recipe.keeping import keep_best, not_kept
from seal.recipe.measuring import (
    failure_notes,
    invalid_note,
    kind_rows,
    loss_notes,
    only_asked_note,
    results_of,
    style_shares,
)
from seal.recipe.retrying import forecast_retries, retry_kept
from seal.recipe.tuning import GIVEN
from seal.settings import Chosen, option
from seal.stats.results import Results, RoundSummary, summarize
from seal.stats.retrying import retried
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
    retry_kept: NonNegativeInt = 0
    """Number of fresh trainings of each kept self-edit. They show how much of its reward was luck (the winner's curse).
    The policy does not learn from them. 0 tries none again."""

    @property
    def hands_out_adapters(self) -> bool:
        return self.keep_adapters > 0

    @property
    def adapters_kept(self) -> tuple[int, float | None]:
        return self.keep_adapters * self.rounds, self.adapters_budget_gb

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        if self.keep_adapters and not (run.inner.adapts and run.inner.makes_adapters):
            yield "recipe.keep_adapters: this inner loop makes no adapters: set it to 0, or choose inner=lora"
        if self.retry_kept and not run.inner.adapts:
            yield "recipe.retry_kept: this inner loop trains nothing: set it to 0, or choose inner=lora"
        elif self.retry_kept and not run.outer.reward.n_tried(self.edits_per_context):
            yield "recipe.retry_kept: this reward needs no training, so nothing can be tried again: set it to 0"

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

    def left_out(self, contexts: Contexts) -> Iterator[str]:
        yield from super().left_out(contexts)
        there, n_train = len(contexts.held_out), len(contexts.train)
        yield from fewer_than_asked("recipe.held_out_contexts", self.held_out_contexts, there, "held-out contexts")
        if self.rounds:
            yield from fewer_than_asked("recipe.contexts_per_round", self.contexts_per_round, n_train, "for training")

    def wanted(self, contexts: Contexts, run: Chosen) -> list[tuple[Context, int]]:
        on_practice = [
            (context, self.edits_per_context)
            for index in range(self.rounds)
            for context in self.practised(contexts, index)
        ]
        n_edits = self.held_out_edits if run.inner.adapts else 0
        measured = [(context, n_edits) for context in self.measured(contexts)]
        return on_practice + measured + self.wanted_to_tune(contexts)

    def forecast(self, contexts: Contexts, run: Chosen) -> Forecast:
        total = self._forecast_measured(contexts) if run.inner.adapts else self._forecast_asked(contexts)
        for index in range(self.rounds):
            practised = self.practised(contexts, index)
            total += forecast_practice(practised, run, edits_per_context=self.edits_per_context, repeats=self.repeats)
            total += Forecast(policy_updates=1, trainings=self.keep_adapters)
            total += forecast_retries(practised, run, edits_per_context=self.edits_per_context, repeats=self.retry_kept)
        return total

    def _forecast_asked(self, contexts: Contexts) -> Forecast:
        """Each policy as it is."""
        return sum((forecast_asked(self.measured(contexts)) for _ in range(self.rounds + 1)), start=Forecast())

    def _forecast_measured(self, contexts: Contexts) -> Forecast:
        """Every row of the table, and what it is compared with."""
        held_out = self.measured(contexts)
        total = forecast_passages(held_out, repeats=self.held_out_edits * self.held_out_repeats)
        for _ in range(self.rounds + 1):
            total += forecast_attempts(held_out, edits_per_context=self.held_out_edits, repeats=self.held_out_repeats)
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
        given = evaluator.given()
        measurements, attempts = [*given.rows], {policy: given.attempts}
        notes = [*lab.contexts.notes, *only_asked_note(lab), *invalid_note(lab, policy, given.attempts)]
        notes += loss_notes(lab, policy, given.attempts)
        rounds = []
        for turn in self._turns(lab, policy):
            policy = turn.next
            learned = evaluator.learned(policy, given)
            measurements += learned.rows
            attempts[policy] = learned.attempts
            rounds.append(self._summary(lab, turn))
            notes += [*_learning_note(rounds[-1]), *invalid_note(lab, policy, learned.attempts)]
            notes += loss_notes(lab, policy, learned.attempts)
            lab.announce(f"round {turn.index}", rounds[-1].metrics())
        return replace(
            results_of(lab, measurements),
            rounds=tuple(rounds),
            kinds=kind_rows(measurements),
            curves=curves(evaluator, {GIVEN: given.attempts, policy: attempts[policy]}, self.epochs_curve),
            tuned=evaluator.tuner.chosen,
            styles=style_shares(lab, attempts),
            notes=(*notes, *failure_notes(measurements), *not_kept(lab.store)),
            artifacts={"policy": policy.weights} if policy.weights else {},
        )

    def _summary(self, lab: Lab, turn: Round) -> RoundSummary:
        """The numbers of a round, those of its kept self-edits tried again included."""
        limits = lab.run.outer.reward.limits
        found = summarize(turn, score=partial(loop.reward_of, lab), repeats=self.repeats, limits=limits)
        if not self.retry_kept:
            return found
        again = retry_kept(lab, turn, repeats=self.retry_kept, edits_per_context=self.edits_per_context)
        return replace(found, retried=retried(turn.attempts, again, repeats=self.retry_kept, limits=limits))

    def _turns(self, lab: Lab, policy: Policy) -> Iterator[Round]:
        """The rounds, the best adapters of each kept."""
        practised = [self.practised(lab.contexts, index) for index in range(self.rounds)]
        for turn in loop.train(lab, policy, practised, edits_per_context=self.edits_per_context, repeats=self.repeats):
            if self.keep_adapters:
                keep_best(lab, turn.policy, turn.attempts, count=self.keep_adapters, budget_gb=self.adapters_budget_gb)
            yield turn


def _learning_note(summary: RoundSummary) -> Iterator[str]:
    if summary.n_suppressed:
        n_left_out = summary.n_attempts - (summary.n_kept or 0) - summary.n_suppressed
        yield (
            f"round {summary.round + 1}: of {summary.n_attempts} self-edits {summary.n_kept} were reinforced, "
            f"{summary.n_suppressed} suppressed and {n_left_out} left out"
        )
    elif not summary.n_kept:
        yield (
            f"round {summary.round + 1}: none of {summary.n_attempts} self-edits was good enough to learn from: the "
            "policy is what it was before"
        )
