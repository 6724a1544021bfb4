"""The common part of recipes that compare rows: matched rows, curves, and settings tuned for each row."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, PositiveFloat, PositiveInt

from seal.recipe import Forecast, count_queries, each_once, fewer_than_asked, forecast_passages
from seal.recipe.evaluator import Evaluator
from seal.recipe.matching import Matches
from seal.recipe.tuning import Tuner
from seal.settings import Chosen, option
from seal.task import Contexts
from seal.types import Context
from seal.work.lab import Lab


@option
class Compares(Matches):
    """A recipe whose table compares self-edits with the passage alone."""

    epochs_curve: Annotated[tuple[PositiveInt, ...], AfterValidator(each_once)] = ()
    """Numbers of epochs for curves of accuracy against trained tokens, for example `[10, 20, 40]`. Each row is trained
    once more for each number. `[]` draws no curves."""
    tune_learning_rates: Annotated[tuple[PositiveFloat, ...], AfterValidator(each_once)] = ()
    """Learning rates to try for each row of the table, on training contexts. `[]` tunes nothing."""
    tune_epochs: Annotated[tuple[PositiveInt, ...], AfterValidator(each_once)] = ()
    """Numbers of epochs to try with each of these learning rates."""
    tune_contexts: PositiveInt | None = None
    """Number of training contexts for tuning; null takes all."""

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        if run.self_edit.about_puzzles and self.tunes:
            yield (
                "recipe.tune_learning_rates: each self-edit about a puzzle chooses its own learning rate and epochs: "
                "leave it and recipe.tune_epochs empty"
            )
        trained = {"epochs_curve": self.epochs_curve, "tune_learning_rates": self.tune_learning_rates}
        for key in (key for key, values in trained.items() if values and not run.inner.adapts):
            yield f"recipe.{key}: this inner loop trains nothing: leave it empty, or choose inner=lora"

    @property
    def tunes(self) -> bool:
        """True if inner-loop settings are tuned for each row of the table."""
        return bool(self.tune_learning_rates and self.tune_epochs)

    def tuning_contexts(self, contexts: Contexts) -> Sequence[Context]:
        return contexts.train[: self.tune_contexts] if self.tunes else ()

    def left_out(self, contexts: Contexts) -> Iterator[str]:
        yield from super().left_out(contexts)
        if self.tunes:
            yield from fewer_than_asked("recipe.tune_contexts", self.tune_contexts, len(contexts.train), "of them")

    def faults_of_tuning(self, contexts: Contexts) -> list[str]:
        if bool(self.tune_learning_rates) != bool(self.tune_epochs):
            return ["recipe.tune_learning_rates and recipe.tune_epochs are tried together: set both, or none"]
        if self.tunes and not contexts.train:
            return [f"settings are tuned on training contexts, and there are none: {contexts.remedy}"]
        return []

    def wanted_to_tune(self, contexts: Contexts) -> list[tuple[Context, int]]:
        return [(context, 1) for context in self.tuning_contexts(contexts)]

    def evaluator(self, lab: Lab, contexts: Sequence[Context], *, edits_per_context: int, repeats: int) -> Evaluator:
        """The evaluator that measures rows on these contexts."""
        tuner = Tuner(
            lab=lab,
            contexts=self.tuning_contexts(lab.contexts),
            learning_rates=self.tune_learning_rates,
            epochs=self.tune_epochs,
        )
        return Evaluator(
            lab=lab,
            contexts=contexts,
            edits_per_context=edits_per_context,
            repeats=repeats,
            match=self.match,
            tuner=tuner,
        )

    def forecast_more(
        self, contexts: Contexts, measured: Sequence[Context], *, edits_per_context: int, repeats: int, rounds: int
    ) -> Forecast:
        """The maximum work for matched rows, curves and tuning. Ordinary rows are not included."""
        n_matched = 1 + 2 * rounds if self.matches else 0
        total = forecast_passages(measured, repeats=n_matched * edits_per_context * repeats)
        n_curves = (2 + (rounds > 0)) * len(self.epochs_curve)
        total += forecast_passages(measured, repeats=n_curves * edits_per_context)
        tuned = self.tuning_contexts(contexts)
        n_policies = 1 + rounds
        n_pairs = len(self.tune_learning_rates) * len(self.tune_epochs)
        total += forecast_passages(tuned, repeats=(1 + n_policies) * n_pairs)
        return total + Forecast(
            self_edits=n_policies * len(tuned),
            asked_apart=n_policies * len(tuned),
            evaluations=n_policies * len(tuned),
            answers=n_policies * count_queries(tuned),
        )
