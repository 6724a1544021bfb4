"""Continual learning: one passage after another, each merged into the model before the next (arXiv 2506.10943 §5).

    for each sequence:
        model = the given model
        for each passage:
            edits = propose(model, passage)
            model = merge(train(model, edits))      the next step starts from here
            ask the model about every passage so far

Then each sequence is learned once more from the passages alone. Each step gets the compute of its self-edits.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Annotated, ClassVar

from pydantic import Field, PositiveInt

from seal.base.seeds import derive
from seal.recipe import Forecast, OfOnePart, count_queries
from seal.recipe.matching import Matches
from seal.recipe.sequences import OnPassages, OnSelfEdits, Outcomes, Walk, walk
from seal.settings import Chosen, option
from seal.stats.results import Results
from seal.stats.statistics import accuracy
from seal.stats.transfer import LearnedSequence, Matrix, matrix
from seal.task import Contexts
from seal.types import Context, Evaluation, Failure, Grade, Policy
from seal.work.examining import ask_unadapted
from seal.work.lab import Lab


@option
class Continual(OfOnePart, Matches):
    """Continual learning: passages one after another, each merged into the model before the next. The results show how
    much of earlier passages is kept."""

    needs_training: ClassVar[bool] = True
    joins_self_edits: ClassVar[bool] = True
    trains_apart: ClassVar[bool] = True

    sequences: PositiveInt = 8
    """Number of sequences. Every mean and interval is over sequences (published: 8 runs of 8 passages)."""
    length: Annotated[int, Field(ge=2)] = 8
    """Passages per sequence."""
    edits_per_context: PositiveInt = 1
    """Self-edits per step. They are trained on together."""
    ask_ahead: bool = True
    """If true, each step asks about the whole sequence, which forward transfer needs. If false, only about passages
    learned so far."""
    seed: int = 0
    """Seed of the choice of sequences."""

    @property
    def learns(self) -> bool:
        return True

    def faults_of_data(self, contexts: Contexts) -> list[str]:
        n = len(self.chosen(contexts))
        if 0 < n < self.length:
            return [f"recipe.length is {self.length}, but the part '{self.part}' of the task has {n} contexts only"]
        return super().faults_of_data(contexts)

    def drawn(self, contexts: Contexts) -> list[tuple[Context, ...]]:
        """The sequences, dealt from a shuffled deck of contexts. The deck is shuffled again when too few are left.

        So no passage is in two sequences if there are enough passages.
        """
        random = Random(derive(self.seed, "continual"))
        deck: list[Context] = []
        found = []
        for _ in range(self.sequences):
            if len(deck) < self.length:
                deck = list(self.chosen(contexts))
                random.shuffle(deck)
            found.append(tuple(deck[: self.length]))
            deck = deck[self.length :]
        return found

    def asked(self, sequence: Sequence[Context], step: int) -> Sequence[Context]:
        """The contexts asked about after a step. Steps count from 0."""
        return sequence if self.ask_ahead else sequence[: step + 1]

    def left_out(self, contexts: Contexts) -> Iterator[str]:
        yield from super().left_out(contexts)
        n_drawn, there = len(_distinct(self.drawn(contexts))), len(self.chosen(contexts))
        if n_drawn < there:
            yield f"{n_drawn} of {there} contexts are in the {self.sequences} sequences of {self.length}"

    def wanted(self, contexts: Contexts, run: Chosen) -> list[tuple[Context, int]]:
        return [(context, self.edits_per_context) for context in _distinct(self.drawn(contexts))]

    def forecast(self, contexts: Contexts, run: Chosen) -> Forecast:
        sequences = self.drawn(contexts)
        n_walks = 1 + self.matches
        on_a_walk = [one for each in sequences for of_step in self._all_asked(each) for one in of_step]
        asked = [*_distinct(sequences), *on_a_walk * n_walks]
        return Forecast(
            self_edits=self.sequences * self.length * self.edits_per_context,
            trainings=self.sequences * self.length * n_walks,
            asked_apart=len(asked),
            evaluations=len(asked),
            answers=count_queries(asked),
        )

    def perform(self, lab: Lab) -> Results:
        sequences = self.drawn(lab.contexts)
        distinct = _distinct(sequences)
        base = dict(zip(distinct, ask_unadapted(lab, Policy(round=0), distinct), strict=True))
        numbers = range(1, self.sequences + 1)
        walks = [self._walk(lab, *each) for each in zip(numbers, sequences, strict=True)]
        alone = [self._walk_alone(lab, *each) for each in zip(numbers, sequences, walks, strict=True) if self.matches]
        return Results(
            table=(),
            continual=self._matrix(base, sequences, walks),
            continual_matched=self._matrix(base, sequences, alone) if alone else None,
            notes=(*lab.contexts.notes, *self._notes(sequences)),
        )

    def _walk(self, lab: Lab, number: int, sequence: Sequence[Context]) -> Walk:
        """Learn a sequence from self-edits."""
        return walk(
            lab,
            OnSelfEdits(
                name=f"sequence_{number}",
                sequence=sequence,
                asked=self._all_asked(sequence),
                edits_per_context=self.edits_per_context,
            ),
        )

    def _walk_alone(self, lab: Lab, number: int, sequence: Sequence[Context], like: Walk) -> Walk:
        """Learn a sequence from the passages alone, with the compute of the walk with self-edits."""
        return walk(
            lab,
            OnPassages(
                name=f"sequence_{number}_matched",
                sequence=sequence,
                asked=self._all_asked(sequence),
                like=like,
                match=self.match,
            ),
        )

    def _all_asked(self, sequence: Sequence[Context]) -> list[Sequence[Context]]:
        """The contexts asked about after each step."""
        return [self.asked(sequence, step) for step in range(self.length)]

    def _matrix(
        self,
        base: Mapping[Context, Evaluation | Failure],
        sequences: Sequence[Sequence[Context]],
        walks: Sequence[Walk],
    ) -> Matrix:
        learned = [
            LearnedSequence(base=_shares([base[context] for context in sequence]), after=tuple(map(_shares, walk.rows)))
            for sequence, walk in zip(sequences, walks, strict=True)
        ]
        outcomes = [*base.values(), *(outcome for walk in walks for row in walk.rows for outcome in row)]
        return matrix(
            learned,
            n_unknown=sum(map(_n_unknown, outcomes)),
            n_failed=sum(len(walk.rows) < self.length for walk in walks),
            n_invalid=sum(walk.n_invalid for walk in walks),
        )

    def _notes(self, sequences: Sequence[Sequence[Context]]) -> Iterator[str]:
        n_places, n_distinct = self.sequences * self.length, len(_distinct(sequences))
        if n_distinct < n_places:
            yield (
                f"{n_places} places in the sequences are filled with {n_distinct} passages, so that the sequences are "
                "not independent, and intervals over them are too narrow"
            )


def _distinct(sequences: Sequence[Sequence[Context]]) -> list[Context]:
    return list(dict.fromkeys(context for sequence in sequences for context in sequence))


def _shares(outcomes: Outcomes) -> tuple[float | None, ...]:
    return tuple(accuracy(outcome) if isinstance(outcome, Evaluation) else None for outcome in outcomes)


def _n_unknown(outcome: Evaluation | Failure) -> int:
    verdicts = outcome.verdicts if isinstance(outcome, Evaluation) else ()
    return sum(verdict.grade is Grade.UNKNOWN for verdict in verdicts)
