"""Trains one model in several ways: on self-edits, on the passages alone, and for longer where that is better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seal.recipe.budget import Budgeted
from seal.recipe.choosing import Candidate, Choice, Half, best_of, watching
from seal.recipe.consolidation import CORPORA, Corpus
from seal.recipe.corpora import MATCHED, one_plan, passages_as_long, train_and_ask
from seal.recipe.matching import Match
from seal.recipe.measuring import BY_HEART, ends_of
from seal.types import Context, Policy, SelfEdit
from seal.work.lab import Lab

SELF_EDITS, PASSAGES = "self_edits_round_0", "passage_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ways to train a model on passages and self-edits about them."""

    lab: Lab
    policy: Policy
    edits: Sequence[SelfEdit]
    match: Match
    doublings: int
    """The best way is tried again for twice as long, up to so many times, while that is better."""
    asked: Sequence[Context]
    """Contexts with all their questions."""
    choosing: Half
    """The questions that choose."""
    watched: Sequence[Context]
    """Contexts with the questions of that half."""

    def tried(self) -> tuple[list[Candidate], Choice | None]:
        """All ways that were tried, and the best of them."""
        candidates = self._first()
        choice = best_of(candidates, self.asked, self.choosing)
        for doubling in range(1, self.doublings + 1):
            longer = self._longer(choice, doubling) if choice else None
            if longer is None:
                self._skip(1 + self.doublings - doubling)
                break
            candidates.append(longer)
            better = best_of(candidates, self.asked, self.choosing)
            if better is None or better.best is not longer:
                choice = better
                self._skip(self.doublings - doubling)
                break
            choice = better
        return candidates, choice

    def _first(self) -> list[Candidate]:
        """On self-edits, and on the passages alone for as many tokens."""
        everything = self.lab.contexts.all
        lesson = Budgeted(plan=one_plan(self.lab, everything, self.edits))
        if not self.edits:
            return [self._try(PASSAGES, lesson)]
        own = self._try(SELF_EDITS, lesson)
        if self.match == "none":
            return [own]
        alone = passages_as_long(self.lab, self.edits, own.examined.training, contexts=everything, match=self.match)
        if alone is None:
            self._skip(1)
            return [own]
        return [self._try(MATCHED, alone, matched_to=SELF_EDITS), own]

    def _longer(self, choice: Choice, doubling: int) -> Candidate | None:
        """The best candidate's way, for twice as many steps; None if there is nothing left to learn by heart."""
        best = choice.best
        assert best.examined.training
        if ends_of(best.examined.training.losses)[1] < BY_HEART:
            return None
        plan = best.corpus.lesson.plan.with_settings({"steps": 2 * len(best.examined.training.losses)})
        way = PASSAGES if best.setting.startswith("passage") else SELF_EDITS
        return self._try(f"{way}_{2**doubling}x", Budgeted(plan=plan))

    def _try(self, setting: str, lesson: Budgeted, *, matched_to: str | None = None) -> Candidate:
        corpus = Corpus(
            name=setting,
            lesson=replace(lesson, plan=watching(lesson.plan, self.watched)),
            folder=f"{CORPORA}/{setting}",
        )
        examined = train_and_ask(self.lab, self.policy, corpus, self.asked, keep=True)
        return Candidate(setting=setting, corpus=corpus, examined=examined, matched_to=matched_to)

    def _skip(self, n_models: int) -> None:
        self.lab.skip("a way that was not tried", n_models * (1 + 2 * len(self.asked)))
