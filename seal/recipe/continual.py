"""One passage after another, each merged into the model before the next: what is kept? (arXiv 2506.10943 §5)

    for each sequence:
        model = the model as it was given
        for each passage:
            edits = propose(model, passage)
            model = merge(train(model, edits))      the next step starts from here
            ask the model about every passage so far

At most two models of a sequence are on disk at any moment: the one before a step goes when the one after it is
recorded, so that a run that is killed always finds the model it has to go on from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, ClassVar

from pydantic import Field, PositiveInt

from seal import loop
from seal.lab import Lab
from seal.outer import Outer
from seal.recipe import Forecast, OfOnePart, count_queries
from seal.recipe.consolidation import joined
from seal.recipe.merging import Merging, Step
from seal.results import Results
from seal.seeds import derive
from seal.settings import option
from seal.statistics import accuracy
from seal.task import Contexts
from seal.transfer import Journey, matrix
from seal.types import Context, Evaluation, Failure, Grade, Policy
from seal.work.trying import Trial

Outcomes = Sequence[Evaluation | Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What came of one sequence: what was answered after each step that worked."""

    rows: tuple[Outcomes, ...]
    n_invalid: int


@option
class Continual(OfOnePart):
    """Sequences of passages, learned one by one by a model that is changed for good."""

    needs_training: ClassVar[bool] = True
    joins_self_edits: ClassVar[bool] = True
    trains_apart: ClassVar[bool] = True

    sequences: PositiveInt
    """How many sequences; every mean and interval is over them."""
    length: Annotated[int, Field(ge=2)]
    """Passages a sequence."""
    edits_per_context: PositiveInt
    """Self-edits at each step, which are trained on together."""
    ask_ahead: bool
    """Whether the whole sequence is asked after each step: forward transfer needs that. Else only what was seen."""
    seed: int
    """Of the choice of sequences."""

    @property
    def learns(self) -> bool:
        return True

    def faults(self, contexts: Contexts) -> list[str]:
        n = len(self.chosen(contexts))
        if 0 < n < self.length:
            return [f"recipe.length is {self.length}, but the part '{self.part}' of the task has {n} contexts only"]
        return super().faults(contexts)

    def drawn(self, contexts: Contexts) -> list[tuple[Context, ...]]:
        """The sequences: dealt from a shuffled deck, which is shuffled anew when too few are left for another one.

        So no passage is in two sequences as long as there are enough of them.
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
        """Those that are asked about after a step, counted from 0."""
        return sequence if self.ask_ahead else sequence[: step + 1]

    def wanted(self, contexts: Contexts) -> list[tuple[Context, int]]:
        return [(context, self.edits_per_context) for context in _distinct(self.drawn(contexts))]

    def forecast(self, contexts: Contexts, outer: Outer) -> Forecast:
        sequences = self.drawn(contexts)
        asked = [one for each in sequences for step in range(self.length) for one in self.asked(each, step)]
        asked += _distinct(sequences)
        return Forecast(
            self_edits=self.sequences * self.length * self.edits_per_context,
            trainings=self.sequences * self.length,
            asked_apart=len(asked),
            evaluations=len(asked),
            answers=count_queries(asked),
        )

    def perform(self, lab: Lab) -> Results:
        sequences = self.drawn(lab.contexts)
        distinct = _distinct(sequences)
        base = dict(zip(distinct, loop.ask_unadapted(lab, Policy(round=0), distinct), strict=True))
        walks = [self._walk(lab, number, sequence) for number, sequence in enumerate(sequences, start=1)]
        journeys = [
            Journey(base=_shares([base[context] for context in sequence]), after=tuple(map(_shares, walk.rows)))
            for sequence, walk in zip(sequences, walks, strict=True)
        ]
        outcomes = [*base.values(), *(outcome for walk in walks for row in walk.rows for outcome in row)]
        found = matrix(
            journeys,
            n_unknown=sum(map(_n_unknown, outcomes)),
            n_failed=sum(len(walk.rows) < self.length for walk in walks),
            n_invalid=sum(walk.n_invalid for walk in walks),
        )
        return Results(table=(), continual=found, notes=(*lab.contexts.notes, *self._notes(sequences)))

    def _walk(self, lab: Lab, number: int, sequence: Sequence[Context]) -> Walk:
        """Learn a sequence step by step; it ends early where a training breaks."""
        policy, rows, n_invalid = Policy(round=0, branch=_branch(number, 0)), [], 0
        for step, context in enumerate(sequence):
            following = self._take_step(lab, policy, context, next_branch=_branch(number, step + 1))
            if isinstance(following, Failure):
                self._skip_rest(lab, sequence, step)
                break
            if policy.weights and policy.weights != following.weights:
                lab.store.discard(policy.weights)
            n_invalid += policy.weights == following.weights
            policy = following
            rows.append(self._ask(lab, policy, self.asked(sequence, step)))
        if policy.weights:
            lab.store.discard(policy.weights)
        return Walk(rows=tuple(rows), n_invalid=n_invalid)

    def _take_step(self, lab: Lab, policy: Policy, context: Context, *, next_branch: str) -> Policy | Failure:
        """The model after it has learned a context; the same one where its self-edits say nothing to train on."""
        edits = loop.propose(lab, policy, [context], per_context=self.edits_per_context)
        plan = joined(lab.run.self_edit.parse(context, edit) for edit in edits)
        if not plan.sequences:
            lab.skip("a training without anything to train on", 1)
            return Policy(round=0, branch=next_branch, weights=policy.weights)
        step = Step(plan=plan, folder=f"policies/{next_branch.replace('/', '_')}")
        [made] = lab.fulfil(Merging(policy=policy, title=f"{next_branch}: training, merging"), [step])
        return made if isinstance(made, Failure) else Policy(round=0, branch=next_branch, weights=step.folder)

    def _ask(self, lab: Lab, policy: Policy, contexts: Sequence[Context]) -> Outcomes:
        trials = [Trial(context=context, source="unadapted") for context in contexts]
        return loop.examine(lab, policy, trials, title="asking")

    def _skip_rest(self, lab: Lab, sequence: Sequence[Context], failed: int) -> None:
        later = range(failed + 1, self.length)
        n_asked = sum(len(self.asked(sequence, step)) for step in range(failed, self.length))
        lab.skip("what a broken training leaves undone", len(later) * (self.edits_per_context + 1) + 2 * n_asked)

    def _notes(self, sequences: Sequence[Sequence[Context]]) -> Iterator[str]:
        n_places, n_distinct = self.sequences * self.length, len(_distinct(sequences))
        if n_distinct < n_places:
            yield (
                f"{n_places} places in the sequences are filled with {n_distinct} passages, so that the sequences are "
                "not independent, and intervals over them are too narrow"
            )


def _branch(sequence: int, step: int) -> str:
    return f"sequence_{sequence}/step_{step}"


def _distinct(sequences: Sequence[Sequence[Context]]) -> list[Context]:
    return list(dict.fromkeys(context for sequence in sequences for context in sequence))


def _shares(outcomes: Outcomes) -> tuple[float | None, ...]:
    return tuple(accuracy(outcome) if isinstance(outcome, Evaluation) else None for outcome in outcomes)


def _n_unknown(outcome: Evaluation | Failure) -> int:
    verdicts = outcome.verdicts if isinstance(outcome, Evaluation) else ()
    return sum(verdict.grade is Grade.UNKNOWN for verdict in verdicts)
