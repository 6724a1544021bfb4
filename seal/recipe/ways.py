"""Trains one model in several ways: on self-edits, on the passages alone, and for longer where that is better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seal.recipe.budget import Budgeted
from seal.recipe.choosing import PASSAGES, SELF_EDITS, Candidate, Choice, Half, best_of, watching
from seal.recipe.consolidation import CORPORA, Corpus
from seal.recipe.corpora import MATCHED, n_unusable, one_plan, passages_as_long, train_and_ask
from seal.recipe.matching import Match
from seal.recipe.measuring import BY_HEART, ends_of
from seal.types import Context, Policy, SelfEdit
from seal.work.lab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ways to train a model on passages and self-edits about them."""

    lab: Lab
    policy: Policy
    edits: Sequence[SelfEdit]
    match: Match
    has_matched: bool
    """True if the passages alone are trained on for as many tokens as the self-edits."""
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
        n_planned = 1 + int(self.has_matched) + self.doublings
        for doubling in range(1, self.doublings + 1):
            longer = self._longer(self._best_of(candidates), doubling)
            if longer is None:
                break
            candidates.append(longer)
            if (better := self._best_of(candidates)) is None or better.best is not longer:
                break
        self.lab.skip("a way that was not tried", (n_planned - len(candidates)) * (1 + 2 * len(self.asked)))
        return candidates, self._best_of(candidates)

    def _best_of(self, candidates: Sequence[Candidate]) -> Choice | None:
        return best_of(candidates, self.asked, self.choosing)

    def _first(self) -> list[Candidate]:
        """On self-edits, and on the passages alone for as many tokens. On the passages alone, if no self-edit is valid.

        If the training on self-edits fails, the passages alone are trained on with the settings as they are.
        """
        everything = self.lab.contexts.all
        lesson = Budgeted(plan=one_plan(self.lab, everything, self.edits))
        if n_unusable(self.lab, everything, self.edits) == len(self.edits):
            return [self._try(PASSAGES, lesson, of_passages=True)]
        own = self._try(SELF_EDITS, lesson)
        if not self.has_matched:
            return [own]
        alone = passages_as_long(self.lab, self.edits, own.examined.training, contexts=everything, match=self.match)
        if alone is None:
            lesson = Budgeted(plan=one_plan(self.lab, everything, ()))
            return [own, self._try(PASSAGES, lesson, of_passages=True)]
        return [self._try(MATCHED, alone, of_passages=True, matched_to=SELF_EDITS), own]

    def _longer(self, choice: Choice | None, doubling: int) -> Candidate | None:
        """The best candidate's way, for twice as many steps; None if there is nothing left to learn by heart."""
        if choice is None:
            return None
        best = choice.best
        assert best.examined.training
        losses = best.examined.training.losses
        if ends_of(losses)[1] < BY_HEART:
            return None
        plan = best.corpus.lesson.plan.with_settings({"steps": 2 * len(losses)})
        way = PASSAGES if best.of_passages else SELF_EDITS
        return self._try(f"{way}_{2**doubling}x", Budgeted(plan=plan), of_passages=best.of_passages)

    def _try(
        self, setting: str, lesson: Budgeted, *, of_passages: bool = False, matched_to: str | None = None
    ) -> Candidate:
        corpus = Corpus(
            name=setting,
            lesson=replace(lesson, plan=watching(lesson.plan, self.watched)),
            folder=f"{CORPORA}/{setting}",
        )
        examined = train_and_ask(self.lab, self.policy, corpus, self.asked, keep=True)
        return Candidate(
            setting=setting, corpus=corpus, examined=examined, of_passages=of_passages, matched_to=matched_to
        )
