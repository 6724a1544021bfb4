"""The practical job: passages in, one adapted model out.

All passages' self-edits make one plan, which trains one adapter. Where the passages come with questions, the model is
asked them before and after.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import NonNegativeInt

from seal import loop
from seal.errors import RunError
from seal.inner import TYPICAL_SEQUENCES
from seal.lab import Lab
from seal.outer import Outer
from seal.recipe import Forecast, Recipe, count_queries
from seal.recipe.consolidation import ADAPTER, MERGED, AskingConsolidated, Consolidating, Corpus, one_plan
from seal.recipe.measuring import all_comparisons, measurement, scores
from seal.recipe.model_card import model_card
from seal.results import Measurement, Results
from seal.settings import option
from seal.task import Contexts
from seal.types import Context, Failure, Policy


@option
class Adapt(Recipe):
    """Consolidates what all passages say in one adapter."""

    needs_adapters: ClassVar[bool] = True
    joins_self_edits: ClassVar[bool] = True
    trains_apart: ClassVar[bool] = True

    edits_per_context: NonNegativeInt
    """Self-edits about each passage; 0 trains on the passages alone."""
    output: Literal["adapter", "merged"]
    """An adapter in PEFT's format, in `adapter/`; or, beside it, the whole adapted model in `model/`."""

    def faults(self, contexts: Contexts) -> list[str]:
        return [] if contexts.all else ["there is no passage to learn"]

    def wanted(self, contexts: Contexts) -> list[tuple[Context, int]]:
        return [(context, self.edits_per_context) for context in contexts.all]

    def forecast(self, contexts: Contexts, outer: Outer) -> Forecast:
        n_edits = len(contexts.all) * self.edits_per_context
        n_with_queries = sum(bool(context.queries) for context in contexts.all)
        return Forecast(
            self_edits=n_edits,
            trainings=1,
            sequences_per_training=n_edits * TYPICAL_SEQUENCES or len(contexts.all),
            asked_apart=2 * n_with_queries,
            evaluations=2 * n_with_queries,
            answers=2 * count_queries(contexts.all),
        )

    def perform(self, lab: Lab) -> Results:
        policy = Policy(round=0)
        contexts = lab.contexts.all
        edits = loop.propose(lab, policy, contexts, per_context=self.edits_per_context)
        corpus = Corpus(plan=one_plan(lab, contexts, edits), merged=self.output == "merged")
        [made] = lab.fulfil(Consolidating(policy=policy, title="training on everything"), [corpus])
        if isinstance(made, Failure):
            raise RunError(f"the training on everything failed: {made.reason}; lower inner.learning_rate")
        measurements = self._measure(lab, policy, [context for context in contexts if context.queries])
        table = tuple(measurement.row() for measurement in measurements)
        lab.store.write(f"{ADAPTER}/README.md", model_card(lab, n_self_edits=len(edits), made=made, table=table))
        return Results(
            table=table,
            comparisons=all_comparisons(measurements),
            scores=scores(measurements),
            notes=lab.contexts.notes,
            artifacts={"adapter": ADAPTER} | ({"model": MERGED} if self.output == "merged" else {}),
        )

    def _measure(self, lab: Lab, policy: Policy, contexts: Sequence[Context]) -> list[Measurement]:
        """Before and after, on the passages' own questions; nothing without questions."""
        if not contexts:
            return []
        asking = AskingConsolidated(policy=policy, title="asking the adapted model")
        answers = lab.fulfil(asking, contexts)
        adapted = loop.grade(lab, policy, contexts, map(asking.key, contexts), answers)
        return [
            measurement("base", contexts, [[one] for one in loop.ask_unadapted(lab, policy, contexts)]),
            measurement("adapted", contexts, [[one] for one in adapted]),
        ]
