"""The policy as it is, on held-out contexts: what do training on the passage and on its own self-edits bring?"""

from pydantic import PositiveInt

from seal.lab import Lab
from seal.outer import Outer
from seal.recipe import Forecast, OfOnePart, forecast_attempts, forecast_passages
from seal.recipe.measuring import (
    Yardstick,
    all_comparisons,
    failure_notes,
    invalid_note,
    scores,
    style_shares,
    unadapted,
)
from seal.results import Results, of_attempts
from seal.settings import option
from seal.task import Contexts
from seal.types import Context, Policy


@option
class Evaluate(OfOnePart):
    """One adapter a self-edit, no outer loop."""

    edits_per_context: PositiveInt
    """Self-edits about each."""
    repeats: PositiveInt
    """Trainings a self-edit, with different seeds."""

    def wanted(self, contexts: Contexts) -> list[tuple[Context, int]]:
        return [(context, self.edits_per_context) for context in self.chosen(contexts)]

    def forecast(self, contexts: Contexts, outer: Outer) -> Forecast:
        chosen = self.chosen(contexts)
        on_edits = forecast_attempts(chosen, edits_per_context=self.edits_per_context, repeats=self.repeats)
        return on_edits + forecast_passages(chosen, repeats=self.edits_per_context * self.repeats)

    def perform(self, lab: Lab) -> Results:
        policy = Policy(round=0)
        yardstick = Yardstick(
            lab=lab,
            contexts=self.chosen(lab.contexts),
            edits_per_context=self.edits_per_context,
            repeats=self.repeats,
        )
        attempts = yardstick.with_self_edits(policy)
        measurements = [
            unadapted(lab.run.task.unadapted_setting, attempts),
            yardstick.without_self_edits(policy),
            of_attempts("self_edits_round_0", attempts),
        ]
        return Results(
            table=tuple(measurement.row() for measurement in measurements),
            comparisons=all_comparisons(measurements),
            scores=scores(measurements),
            styles={policy.id: style_shares(lab, attempts)},
            notes=(*lab.contexts.notes, *invalid_note(policy, attempts), *failure_notes(measurements)),
        )
