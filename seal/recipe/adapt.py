"""Passages in, one adapted model out.

The self-edits of all passages make one plan, which trains one adapter. If the passages have questions, the model
answers them before and after. So do models that were trained in other ways, on the passages alone or for longer. With
questions enough to choose by, the best of them is handed out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import NonNegativeInt

from seal import loop
from seal.errors import RunError
from seal.inner import TYPICAL_SEQUENCES
from seal.recipe import Forecast, count_queries
from seal.recipe.budget import Budgeted
from seal.recipe.choosing import (
    FEWEST,
    Candidate,
    Half,
    all_of,
    halves,
    n_questions,
    of_half,
    outcomes_of_half,
    watching,
)
from seal.recipe.consolidation import (
    ADAPTER,
    CORPORA,
    MERGED,
    AskingConsolidated,
    Consolidated,
    Consolidating,
    Corpus,
    hand_out,
)
from seal.recipe.corpora import (
    MATCHED,
    Examined,
    left_out_of_corpus,
    models_of_passages,
    n_unusable,
    of_models,
    one_plan,
    passages_as_long,
    row_of,
    seconds_of,
)
from seal.recipe.exporting import Exporting, notes_on
from seal.recipe.matching import Matches
from seal.recipe.measuring import OPEN_BOOK, kind_rows, measurement, notes_on_losses, results_of
from seal.recipe.model_card import model_cards
from seal.recipe.ways import Ways
from seal.settings import Chosen, Rooms, option
from seal.stats.learning import learning_of
from seal.stats.measurement import Measurement
from seal.stats.results import Results, Row
from seal.task import Contexts
from seal.types import Context, Failure, Policy, SelfEdit, Training
from seal.work.examining import ask_unadapted, ask_with_passage, grade
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab

_POLICY = Policy(round=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HandedOut:
    """A trained adapter in its folder, and the table that tells how good it is."""

    corpus: Corpus
    training: Training
    phase: str
    """The title of the phase that trained it."""
    measured: Sequence[Measurement]
    learning: Mapping[str, Training]
    """All trainings, by row."""
    of_passages: bool = False
    """True if it was trained on the passages alone, though there are self-edits."""
    chosen: str = ""
    """How it was chosen; empty if there was nothing to choose from."""


@option
class Adapt(Matches):
    """All passages in, one adapter out. Questions are optional. With questions, the model answers them before and
    after."""

    needs_adapters: ClassVar[bool] = True
    joins_self_edits: ClassVar[bool] = True
    trains_apart: ClassVar[bool] = True

    edits_per_context: NonNegativeInt = 2
    """Self-edits about each passage; 0 trains on the passages alone."""
    open_book: bool = True
    """If true, the model as it is also answers with the passage in the prompt: what is lost by learning it by heart."""
    output: Literal["adapter", "merged"] = "adapter"
    """`adapter` writes an adapter in PEFT's format to `adapter/`. `merged` also writes the whole adapted model to
    `model/`."""
    choose: Literal["none", "auto"] = "auto"
    """`auto` hands out the best of what is tried: training on self-edits, on the passages alone for as many tokens
    (unless `match=none`), and the better of these for longer. Half of the questions choose; only the other half is in
    the table. With fewer than 8 different questions with a known answer nothing is chosen. `none` hands out what was
    trained on all self-edits."""
    doublings: NonNegativeInt = 1
    """With `choose=auto`: the best way of training is tried again for twice as long, up to so many times, while that is
    better."""

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
        n_trained = 1 + int(self._has_matched(asked)) + (self.doublings if self._chooses(asked) else 0)
        n_models = 1 + int(self._has_open_book(run)) + n_trained
        return Forecast(
            self_edits=n_edits,
            trainings=n_trained,
            sequences_per_training=n_edits * TYPICAL_SEQUENCES + len(contexts.all),
            asked_apart=n_models * len(asked),
            evaluations=n_models * len(asked),
            answers=n_models * count_queries(asked),
            exports=1,
        )

    def perform(self, lab: Lab) -> Results:
        edits = loop.propose(lab, _POLICY, lab.contexts.all, per_context=self.edits_per_context)
        found = (self._best if self._chooses(_with_queries(lab.contexts)) else self._only)(lab, edits)
        corpus = replace(found.corpus, merged=self.output == "merged")
        [exported] = fulfil(lab, Exporting(policy=_POLICY, title="reading back what is handed out"), [corpus])
        lab.store.discard(CORPORA)
        results = results_of(lab, found.measured, row_of)
        n_trained = 0 if found.of_passages else len(edits) - n_unusable(lab, lab.contexts.all, edits)
        cards = model_cards(
            lab,
            n_self_edits=n_trained,
            training=found.training,
            exported=exported,
            table=results.table,
            seconds=lab.seconds_per_unit(found.phase),
            chosen=found.chosen,
        )
        for folder, card in cards.items():
            lab.store.write(f"{folder}/README.md", card)
        return replace(
            results,
            kinds=kind_rows(found.measured),
            learning=tuple(learning_of(setting, training) for setting, training in found.learning.items()),
            notes=(
                *lab.contexts.notes,
                *left_out_of_corpus(lab, lab.contexts.all, edits),
                *filter(None, [found.chosen]),
                *notes_on_losses(found.training.losses),
                *(() if found.chosen else note_on_passages_alone(results.table)),
                *notes_on(exported),
            ),
            artifacts=({} if exported.refused else {"adapter": ADAPTER})
            | ({"model": MERGED} if exported.merged else {}),
        )

    def _only(self, lab: Lab, edits: Sequence[SelfEdit]) -> "_HandedOut":
        """Train once on everything. With questions, the matched row is measured too."""
        asked = _with_queries(lab.contexts)
        plan = watching(one_plan(lab, lab.contexts.all, edits), asked)
        corpus = Corpus(lesson=Budgeted(plan=plan))
        phase = Consolidating(policy=_POLICY, title="training on everything")
        [made] = fulfil(lab, phase, [corpus])
        if isinstance(made, Failure):
            raise RunError(f"the training on everything failed: {made.reason}; lower inner.learning_rate")
        measured = []
        if asked:
            adapted = of_models("adapted", asked, [_asked(lab, made, phase.title, asked)])
            measured = [*self._unadapted(lab, asked, all_of(asked)), *self._matched(lab, edits, made, asked), adapted]
        return _HandedOut(
            corpus=corpus,
            training=made.training,
            phase=phase.title,
            measured=measured,
            learning={"adapted": made.training},
        )

    def _best(self, lab: Lab, edits: Sequence[SelfEdit]) -> "_HandedOut":
        """Train in several ways, and take the best."""
        asked = _with_queries(lab.contexts)
        choosing, measuring = halves(asked, lab.run.seed)
        ways = Ways(
            lab=lab,
            policy=_POLICY,
            edits=edits,
            match=self.match,
            has_matched=self._has_matched(asked),
            doublings=self.doublings,
            asked=asked,
            choosing=choosing,
            watched=of_half(asked, choosing),
        )
        candidates, choice = ways.tried()
        if choice is None:
            [reason, *_] = [one.reason for one in candidates[0].examined.outcomes if isinstance(one, Failure)]
            raise RunError(f"every training failed: {reason}; lower inner.learning_rate")
        best, measured = choice.best, of_half(asked, measuring)

        def measurement_of(candidate: Candidate, setting: str, copy_of: str | None = None) -> Measurement:
            outcomes = outcomes_of_half(asked, candidate.examined.outcomes, measuring)
            models = [replace(candidate.examined, outcomes=outcomes)]
            matched_to = None if copy_of else candidate.matched_to
            return replace(of_models(setting, measured, models, matched_to=matched_to), copy_of=copy_of)

        assert best.examined.training
        hand_out(lab, best.corpus.folder)
        return _HandedOut(
            corpus=replace(best.corpus, folder=ADAPTER),
            training=best.examined.training,
            phase=f"training: {best.corpus.name}",
            measured=[
                *self._unadapted(lab, asked, measuring),
                *(measurement_of(candidate, candidate.setting) for candidate in candidates),
                measurement_of(best, "adapted", copy_of=best.setting),
            ],
            learning={one.setting: one.examined.training for one in candidates if one.examined.training},
            of_passages=best.of_passages,
            chosen=choice.note(),
        )

    def _unadapted(self, lab: Lab, asked: Sequence[Context], half: Half) -> list[Measurement]:
        """The model as it is, without the passage in the prompt, and with it."""
        found = {"base": ask_unadapted(lab, _POLICY, asked)}
        if self._has_open_book(lab.run):
            found[OPEN_BOOK] = ask_with_passage(lab, _POLICY, asked)
        return [
            measurement(setting, of_half(asked, half), [[one] for one in outcomes_of_half(asked, outcomes, half)])
            for setting, outcomes in found.items()
        ]

    def _matched(
        self, lab: Lab, edits: Sequence[SelfEdit], made: Consolidated, asked: Sequence[Context]
    ) -> list[Measurement]:
        if not self._has_matched(asked):
            return []
        lesson = passages_as_long(lab, edits, made.training, contexts=lab.contexts.all, match=self.match)
        matched = models_of_passages(lab, _POLICY, lesson, asked, repeats=1)
        return [of_models(MATCHED, asked, matched, matched_to="adapted")] if matched else []

    def _chooses(self, asked: Sequence[Context]) -> bool:
        """True if several ways are tried, and there are questions enough to choose by."""
        has_several = self.doublings > 0 or self._has_matched(asked)
        return self.choose == "auto" and has_several and n_questions(asked) >= FEWEST

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
            f"{adapted.accuracy:.3f}): recipe.edits_per_context=0 recipe.choose=none inner.steps={alone.updates:.0f} "
            "makes that adapter"
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
