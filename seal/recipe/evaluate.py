"""Evaluates the policy on held-out contexts: unadapted, trained on the passage, trained on its own self-edits."""

from dataclasses import replace

from pydantic import NonNegativeInt, PositiveInt

from seal.recipe import Forecast, OfOnePart, forecast_asked, forecast_attempts, forecast_passages
from seal.recipe.comparing import Compares
from seal.recipe.curves import curves
from seal.recipe.measuring import (
    failure_notes,
    invalid_note,
    kind_rows,
    loss_notes,
    only_asked_note,
    results_of,
    style_shares,
)
from seal.recipe.tuning import GIVEN
from seal.settings import Chosen, option
from seal.stats.results import Results
from seal.task import Contexts
from seal.types import Context
from seal.work.lab import Lab


@option
class Evaluate(OfOnePart, Compares):
    """Evaluates the policy: unadapted, trained on passages alone, and trained on its own self-edits too. One adapter
    per self-edit, no outer loop."""

    edits_per_context: NonNegativeInt = 1
    """Self-edits about each context; 0 trains on the contexts alone."""
    repeats: PositiveInt = 1
    """Trainings per self-edit, with different seeds."""

    def faults_of_data(self, contexts: Contexts) -> list[str]:
        found = super().faults_of_data(contexts)
        if self.tunes and self.part != "held_out":
            found.append(f"recipe.part is '{self.part}', but settings are tuned on training contexts: choose held_out")
        if not self.edits_per_context and (self.tunes or self.epochs_curve):
            found.append("recipe.edits_per_context is 0, but tuning and curves need self-edits: take at least 1")
        return found + self.faults_of_tuning(contexts)

    def wanted(self, contexts: Contexts, run: Chosen) -> list[tuple[Context, int]]:
        n_edits = self.edits_per_context if run.inner.adapts else 0
        return [(context, n_edits) for context in self.chosen(contexts)] + self.wanted_to_tune(contexts)

    def forecast(self, contexts: Contexts, run: Chosen) -> Forecast:
        chosen = self.chosen(contexts)
        if not run.inner.adapts:
            return forecast_asked(chosen)
        if not self.edits_per_context:
            return forecast_asked(chosen) + forecast_passages(chosen, repeats=self.repeats)
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
        given = evaluator.given()
        return replace(
            results_of(lab, given.rows),
            kinds=kind_rows(given.rows),
            curves=curves(evaluator, {GIVEN: given.attempts}, self.epochs_curve),
            tuned=evaluator.tuner.chosen,
            styles=style_shares(lab, {GIVEN: given.attempts}),
            notes=(
                *lab.contexts.notes,
                *only_asked_note(lab),
                *invalid_note(lab, GIVEN, given.attempts),
                *loss_notes(lab, GIVEN, given.attempts),
                *failure_notes(given.rows),
            ),
        )
