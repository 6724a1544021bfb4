"""Evaluates the policy on held-out contexts: unadapted, trained on the passage, trained on its own self-edits."""

from dataclasses import replace

from pydantic import PositiveInt

from seal.outer import Outer
from seal.recipe import Forecast, OfOnePart, forecast_attempts, forecast_passages
from seal.recipe.comparing import Compares
from seal.recipe.measuring import (
    failure_notes,
    invalid_note,
    kind_rows,
    results_of,
    style_shares,
    unadapted,
)
from seal.recipe.tuning import GIVEN
from seal.settings import option
from seal.stats.results import Results
from seal.task import Contexts
from seal.types import Context
from seal.work.lab import Lab


@option
class Evaluate(OfOnePart, Compares):
    """Evaluates the policy: unadapted, trained on passages alone, and trained on its own self-edits too. One adapter
    per self-edit, no outer loop."""

    edits_per_context: PositiveInt = 1
    """Self-edits about each context."""
    repeats: PositiveInt = 1
    """Trainings per self-edit, with different seeds."""

    def faults_of_data(self, contexts: Contexts) -> list[str]:
        found = super().faults_of_data(contexts)
        if self.tunes and self.part != "held_out":
            found.append(f"recipe.part is '{self.part}', but settings are tuned on training contexts: choose held_out")
        return found + self.faults_of_tuning(contexts)

    def wanted(self, contexts: Contexts) -> list[tuple[Context, int]]:
        return [(context, self.edits_per_context) for context in self.chosen(contexts)] + self.wanted_to_tune(contexts)

    def forecast(self, contexts: Contexts, outer: Outer) -> Forecast:
        chosen = self.chosen(contexts)
        on_edits = forecast_attempts(chosen, edits_per_context=self.edits_per_context, repeats=self.repeats)
        on_passages = forecast_passages(chosen, repeats=self.edits_per_context * self.repeats)
        more = self.forecast_more(
            contexts, chosen, edits_per_context=self.edits_per_context, repeats=self.repeats, rounds=0
        )
        return on_edits + on_passages + more

    def perform(self, lab: Lab) -> Results:
        evaluator = self.evaluator(
            lab, self.chosen(lab.contexts), edits_per_context=self.edits_per_context, repeats=self.repeats
        )
        attempts = evaluator.with_self_edits(GIVEN)
        alone = evaluator.without_self_edits()
        measurements = [
            unadapted(lab.run.task.unadapted_setting, attempts),
            alone,
            *evaluator.matched_passages(GIVEN, attempts, alone),
            evaluator.row_of(GIVEN, attempts),
        ]
        return replace(
            results_of(lab, measurements),
            kinds=kind_rows(measurements),
            curves=evaluator.curves({GIVEN: attempts}, self.epochs_curve),
            tuned=evaluator.tuner.chosen,
            styles={GIVEN.id: style_shares(lab, attempts)},
            notes=(*lab.contexts.notes, *invalid_note(GIVEN, attempts), *failure_notes(measurements)),
        )
