"""Passages in, one adapted model out.

The self-edits of all passages make one plan, which trains one adapter. If the passages have questions, the model
answers them before and after. A matched model, trained on the passages alone for as many tokens, answers them too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import NonNegativeInt

from seal import loop
from seal.errors import RunError
from seal.inner import TYPICAL_SEQUENCES
from seal.recipe import Forecast, count_queries
from seal.recipe.budget import Budgeted
from seal.recipe.consolidation import ADAPTER, MERGED, AskingConsolidated, Consolidated, Consolidating, Corpus
from seal.recipe.corpora import (
    MATCHED,
    Examined,
    left_out_of_corpus,
    n_unusable,
    of_models,
    one_plan,
    row_of,
    seconds_of,
    with_passages_alone,
)
from seal.recipe.exporting import Exporting, notes_on
from seal.recipe.matching import Matches
from seal.recipe.measuring import OPEN_BOOK, measurement, notes_on_losses, results_of
from seal.recipe.model_card import model_cards
from seal.settings import Chosen, Rooms, option
from seal.stats.measurement import Measurement
from seal.stats.results import Results, Row
from seal.task import Contexts
from seal.types import Context, Failure, Policy, SelfEdit
from seal.work.examining import ask_unadapted, ask_with_passage, grade
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab

_POLICY = Policy(round=0)


@option
class Adapt(Matches):
    """All passages in, one adapter out. Questions are optional. With questions, the model answers them before and
    after."""

    needs_adapters: ClassVar[bool] = True
    joins_self_edits: ClassVar[bool] = True
    trains_apart: ClassVar[bool] = True

    edits_per_context: NonNegativeInt = 5
    """Self-edits about each passage; 0 trains on the passages alone."""
    open_book: bool = True
    """If true, the model as it is also answers with the passage in the prompt: what is lost by learning it by heart."""
    output: Literal["adapter", "merged"] = "adapter"
    """`adapter` writes an adapter in PEFT's format to `adapter/`. `merged` also writes the whole adapted model to
    `model/`."""

    @property
    def hands_out_adapters(self) -> bool:
        return self.output == "adapter"

    def faults_of_data(self, contexts: Contexts) -> list[str]:
        return [] if contexts.all else ["there is no passage to learn"]

    def left_out(self, contexts: Contexts) -> Iterator[str]:
        n_asked, n_all = len(_with_queries(contexts)), len(contexts.all)
        if 0 < n_asked < n_all:
            yield f"{n_all - n_asked} of {n_all} passages have no question: they are learned, and not asked about"

    def wanted(self, contexts: Contexts, run: Chosen) -> list[tuple[Context, int]]:
        return [(context, self.edits_per_context) for context in contexts.all]

    def forecast(self, contexts: Contexts, run: Chosen) -> Forecast:
        n_edits, asked = len(contexts.all) * self.edits_per_context, _with_queries(contexts)
        n_asked = 2 + int(self._has_matched(asked)) + int(self._has_open_book(run))
        return Forecast(
            self_edits=n_edits,
            trainings=1 + int(self._has_matched(asked)),
            sequences_per_training=n_edits * TYPICAL_SEQUENCES or len(contexts.all),
            asked_apart=n_asked * len(asked),
            evaluations=n_asked * len(asked),
            answers=n_asked * count_queries(asked),
            exports=1,
        )

    def perform(self, lab: Lab) -> Results:
        edits = loop.propose(lab, _POLICY, lab.contexts.all, per_context=self.edits_per_context)
        lesson = Budgeted(plan=one_plan(lab, lab.contexts.all, edits))
        corpus = Corpus(lesson=lesson, merged=self.output == "merged")
        training = Consolidating(policy=_POLICY, title="training on everything")
        [made] = fulfil(lab, training, [corpus])
        if isinstance(made, Failure):
            raise RunError(f"the training on everything failed: {made.reason}; lower inner.learning_rate")
        n_trained = len(edits) - n_unusable(lab, lab.contexts.all, edits)
        [exported] = fulfil(lab, Exporting(policy=_POLICY, title="reading back what is handed out"), [corpus])
        found = results_of(lab, self._measure(lab, edits, made, training.title), row_of)
        cards = model_cards(
            lab,
            n_self_edits=n_trained,
            made=made,
            exported=exported,
            table=found.table,
            seconds=lab.seconds_per_unit(training.title),
        )
        for folder, card in cards.items():
            lab.store.write(f"{folder}/README.md", card)
        return replace(
            found,
            notes=(
                *lab.contexts.notes,
                *left_out_of_corpus(lab, lab.contexts.all, edits),
                *notes_on_losses(made.training.losses),
                *note_on_passages_alone(found.table),
                *notes_on(exported),
            ),
            artifacts=({} if exported.refused else {"adapter": ADAPTER})
            | ({"model": MERGED} if exported.merged else {}),
        )

    def _measure(self, lab: Lab, edits: Sequence[SelfEdit], made: Consolidated, training: str) -> list[Measurement]:
        """Accuracy before and after, on the passages' own questions. Empty without questions."""
        contexts = _with_queries(lab.contexts)
        if not contexts:
            return []
        adapted = _asked(lab, made, training, contexts)
        base = ask_unadapted(lab, _POLICY, contexts)
        return [
            measurement("base", contexts, [[one] for one in base]),
            *(self._open_book(lab, contexts) if self._has_open_book(lab.run) else []),
            *(self._matched(lab, edits, made, contexts) if self._has_matched(contexts) else []),
            of_models("adapted", contexts, [adapted]),
        ]

    def _open_book(self, lab: Lab, contexts: Sequence[Context]) -> list[Measurement]:
        return [measurement(OPEN_BOOK, contexts, [[one] for one in ask_with_passage(lab, _POLICY, contexts)])]

    def _matched(
        self, lab: Lab, edits: Sequence[SelfEdit], made: Consolidated, asked: Sequence[Context]
    ) -> list[Measurement]:
        matched = with_passages_alone(
            lab,
            _POLICY,
            edits,
            made.training,
            contexts=lab.contexts.all,
            asked=asked,
            match=self.match,
            repeats=1,
        )
        return [of_models(MATCHED, asked, matched, matched_to="adapted")] if matched else []

    def _has_open_book(self, run: Rooms) -> bool:
        """True if there are passages, and questions do not show them anyway."""
        return self.open_book and not run.task.of_puzzles and not run.task.shows_the_passage

    def _has_matched(self, asked: Sequence[Context]) -> bool:
        """True if there are questions, and self-edits to compare with the passages alone."""
        return self.matches and self.edits_per_context > 0 and len(asked) > 0


def note_on_passages_alone(table: Sequence[Row]) -> Iterator[str]:
    """A note if the self-edits were of no use, and how to get the better adapter."""
    rows = {row.setting: row for row in table if row.accuracy is not None}
    if not {"adapted", MATCHED} <= rows.keys():
        return
    adapted, alone = rows["adapted"], rows[MATCHED]
    if (alone.accuracy or 0) > (adapted.accuracy or 0):
        yield (
            f"the passages alone, trained for as many tokens, are right more often ({alone.accuracy:.3f} against "
            f"{adapted.accuracy:.3f}): recipe.edits_per_context=0 inner.steps={alone.updates:.0f} makes that adapter"
        )


def _with_queries(contexts: Contexts) -> list[Context]:
    return [context for context in contexts.all if context.queries]


def _asked(lab: Lab, made: Consolidated, training: str, contexts: Sequence[Context]) -> Examined:
    """Ask and grade the final adapter. `training` is the title of the phase that trained it."""
    asking = AskingConsolidated(policy=_POLICY, title="asking the adapted model")
    answers = fulfil(lab, asking, contexts)
    outcomes = grade(lab, _POLICY, contexts, map(asking.key, contexts), answers)
    seconds = seconds_of(lab, training, asking.title, n_asked=len(contexts))
    return Examined(outcomes=outcomes, training=made.training, seconds=seconds)
