"""Continued pretraining: one training on all passages, then questions about all of them (arXiv 2506.10943 §4.3).

Each row is trained on all contexts at once. So its intervals over contexts miss the noise of training. With several
`repeats`, the report also shows the deviation between whole trainings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt

from seal import loop
from seal.base.seeds import derive
from seal.inner import TYPICAL_SEQUENCES
from seal.recipe import Forecast, OfOnePart, count_queries, each_once, fewer_than_asked
from seal.recipe.budget import Budgeted
from seal.recipe.consolidation import CORPORA, Corpus
from seal.recipe.corpora import (
    MATCHED,
    Examined,
    left_out_of_corpus,
    models_of_passages,
    of_models,
    one_plan,
    passages_as_long,
    row_of,
    train_and_ask,
)
from seal.recipe.matching import Matches
from seal.recipe.measuring import kind_rows, measurement, results_of
from seal.settings import Chosen, option
from seal.stats.measurement import Measurement, of_trainings
from seal.stats.results import Results
from seal.task import Contexts
from seal.types import Context, Policy, SelfEdit
from seal.work.examining import ask_unadapted
from seal.work.lab import Lab
from seal.work.writing import Proposing

Setting = Literal["base", "passage_only", "self_edits"]

_BASE = Policy(round=0)
_ROWS: dict[Setting, str] = {"base": "base", "passage_only": "passage_only", "self_edits": "self_edits_round_0"}


@option
class ContinuedPretraining(OfOnePart, Matches):
    """Continued pretraining: one training on all passages and all self-edits about them, then questions about all."""

    needs_training: ClassVar[bool] = True
    joins_self_edits: ClassVar[bool] = True
    trains_apart: ClassVar[bool] = True

    edits_per_context: NonNegativeInt = 5
    """Self-edits about each passage; 0 leaves out the row of self-edits."""
    repeats: PositiveInt = 1
    """Trainings per row, with different seeds. The report shows their deviation."""
    questions: PositiveInt | None = None
    """Number of questions to ask, drawn by `seed`; null asks all. The paper's second version asks 500."""
    seed: int = 0
    """Seed of the choice of questions."""
    settings: Annotated[tuple[Setting, ...], Field(min_length=1), AfterValidator(each_once)] = (
        "base",
        "passage_only",
        "self_edits",
    )
    """The rows to measure: the unadapted model, the model trained on the passages alone, and the model trained on
    self-edits and passages."""

    @property
    def rows(self) -> tuple[Setting, ...]:
        """The rows that are measured."""
        return tuple(setting for setting in self.settings if setting != "self_edits" or self.edits_per_context)

    def faults_of_data(self, contexts: Contexts) -> list[str]:
        found = super().faults_of_data(contexts)
        if not self.rows:
            found.append("recipe.edits_per_context is 0, and recipe.settings has only self_edits: nothing is measured")
        return found

    def asked(self, contexts: Contexts) -> Sequence[Context]:
        """The contexts with drawn questions, each with only these questions."""
        chosen = self.chosen(contexts)
        everything = [(context, query) for context in chosen for query in context.queries]
        if self.questions is None or self.questions >= len(everything):
            return chosen
        places = sorted(Random(derive(self.seed, "questions")).sample(range(len(everything)), self.questions))
        drawn = groupby((everything[place] for place in places), key=itemgetter(0))
        return [replace(context, queries=tuple(query for _, query in of_context)) for context, of_context in drawn]

    def left_out(self, contexts: Contexts) -> Iterator[str]:
        yield from super().left_out(contexts)
        chosen, asked = self.chosen(contexts), self.asked(contexts)
        there, n_asked = count_queries(chosen), count_queries(asked)
        yield from fewer_than_asked("recipe.questions", self.questions, there, "questions")
        if n_asked < there:
            yield (
                f"{n_asked} of {there} questions are asked, drawn by recipe.seed; they are about {len(asked)} of "
                f"{len(chosen)} contexts"
            )

    def wanted(self, contexts: Contexts, run: Chosen) -> list[tuple[Context, int]]:
        n_edits = self.edits_per_context if "self_edits" in self.rows else 0
        return [(context, n_edits) for context in self.chosen(contexts)]

    def forecast(self, contexts: Contexts, run: Chosen) -> Forecast:
        chosen, asked = self.chosen(contexts), self.asked(contexts)
        n_edits = len(chosen) * self.edits_per_context if "self_edits" in self.rows else 0
        n_matched = self.matches and "self_edits" in self.rows
        n_trainings = self.repeats * (n_matched + sum(setting != "base" for setting in self.rows))
        n_models = n_trainings + ("base" in self.rows)
        return Forecast(
            self_edits=n_edits,
            trainings=n_trainings,
            sequences_per_training=n_edits * TYPICAL_SEQUENCES + len(chosen),
            asked_apart=n_models * len(asked),
            evaluations=n_models * len(asked),
            answers=n_models * count_queries(asked),
        )

    def perform(self, lab: Lab) -> Results:
        contexts = self.chosen(lab.contexts)
        measurements = [found for setting in self.rows for found in self._measure(lab, contexts, setting)]
        edits = list(lab.store.records(Proposing.records, Proposing.result).values())
        trained = [found for found in measurements if found.setting != "base"]
        return replace(
            results_of(lab, measurements, row_of),
            kinds=kind_rows(measurements),
            trainings=tuple(map(of_trainings, trained)),
            notes=(*lab.contexts.notes, *left_out_of_corpus(lab, contexts, edits)),
        )

    def _measure(self, lab: Lab, contexts: Sequence[Context], setting: Setting) -> list[Measurement]:
        """The measurement of a setting, after its matched row."""
        name, asked = _ROWS[setting], self.asked(lab.contexts)
        if setting == "base":
            return [measurement(name, asked, [[one] for one in ask_unadapted(lab, _BASE, asked)])]
        n_edits = self.edits_per_context if setting == "self_edits" else 0
        edits = loop.propose(lab, _BASE, contexts, per_context=n_edits) if n_edits else []
        lesson = Budgeted(plan=one_plan(lab, contexts, edits))
        corpora = [
            Corpus(name=f"{setting}/{repeat}", lesson=lesson, folder=f"{CORPORA}/{setting}_{repeat}")
            for repeat in range(self.repeats)
        ]
        models = [train_and_ask(lab, _BASE, corpus, asked) for corpus in corpora]
        matched = self._matched(lab, edits, models) if setting == "self_edits" and self.matches else []
        return [*matched, of_models(name, asked, models)]

    def _matched(self, lab: Lab, edits: Sequence[SelfEdit], models: Sequence[Examined]) -> list[Measurement]:
        """The passages alone, with the compute of the first model that did not fail. All models take the same."""
        asked = self.asked(lab.contexts)
        training = next((model.training for model in models if model.training), None)
        lesson = passages_as_long(lab, edits, training, contexts=self.chosen(lab.contexts), match=self.match)
        matched = models_of_passages(lab, _BASE, lesson, asked, repeats=self.repeats)
        return [of_models(MATCHED, asked, matched, matched_to=_ROWS["self_edits"])] if matched else []
