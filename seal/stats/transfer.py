"""What a model keeps while it learns one thing after another: a matrix of accuracies, and its summaries. Pure.

`after[i][j]` is the accuracy on thing j after learning thing i, both counted from 0; T is how many there are.
The unit of every mean here is the sequence: what happens within one is not independent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seal.stats.statistics import estimate, sample_deviation

Share = float | None
"""An accuracy, or None where nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSequence:
    """One sequence: how the model did on each thing before it learned any, and after each step."""

    base: tuple[Share, ...]
    after: tuple[tuple[Share, ...], ...]
    """Rows may end early, where only what was seen so far is asked; steps may be missing, where a training broke."""

    @property
    def length(self) -> int:
        return len(self.base)

    def at(self, step: int, place: int) -> Share:
        """The accuracy on a thing after a step, if it was asked and graded."""
        row = self.after[step] if step < len(self.after) else ()
        return row[place] if place < len(row) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One number over all sequences that have it."""

    mean: float
    ci95: tuple[float, float] | None
    """Bootstrap over sequences; None for one, or where they are not known one by one."""
    deviation: float | None
    """Sample standard deviation over all sequences at once (n - 1); None as above."""
    n: int
    """Sequences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All sequences of one run."""

    base: tuple[Cell | None, ...]
    """By place in the sequence, before anything was learned."""
    after: tuple[tuple[Cell | None, ...], ...]
    """By step, then by place; None where nothing was asked or could be graded."""
    measures: Mapping[str, Cell | None]
    """The summaries, see `MEASURES`; None where no sequence has all that one needs."""
    n_sequences: int
    n_unknown: int = 0
    """Answers without a verdict, left out."""
    n_failed: int = 0
    """Sequences that ended early because a training broke; nothing after that is known of them."""
    n_invalid: int = 0
    """Steps whose self-edits could not be trained on: the model stayed as it was."""


def base_accuracy(sequence: LearnedSequence) -> Share:
    """Before anything is learned, on everything."""
    return _mean(sequence.base)


def right_after(sequence: LearnedSequence) -> Share:
    """On each thing right after it was learned: the mean of the diagonal."""
    return _mean([sequence.at(step, step) for step in range(sequence.length)])


def final_accuracy(sequence: LearnedSequence) -> Share:
    """On everything after the last step (average accuracy; GEM, arXiv 1706.08840, equation 2)."""
    return _mean([sequence.at(sequence.length - 1, place) for place in range(sequence.length)])


def net_gain(sequence: LearnedSequence) -> Share:
    """What is left in the end of all that learning: the final accuracy minus that before anything."""
    return _minus(final_accuracy(sequence), base_accuracy(sequence))


def backward_transfer(sequence: LearnedSequence) -> Share:
    """What learning does to what was learned before; negative is forgetting (GEM, arXiv 1706.08840, equation 3).

    The mean over all things but the last of: accuracy after the last step minus accuracy right after its own.
    """
    last = sequence.length - 1
    return _mean([_minus(sequence.at(last, place), sequence.at(place, place)) for place in range(last)])


def forward_transfer(sequence: LearnedSequence) -> Share:
    """What learning does to what is not learned yet (GEM, arXiv 1706.08840, equation 4).

    The mean over all things but the first of: accuracy after the step before its own minus accuracy before any. GEM
    compares with a random model; here it is the model as it was given. Needs things asked before their turn.
    """
    return _mean([_minus(sequence.at(place - 1, place), sequence.base[place]) for place in range(1, sequence.length)])


def forgetting(sequence: LearnedSequence) -> Share:
    """How far below its best each thing ends (Chaudhry et al., arXiv 1801.10112, equation 3), positive where it does.

    The mean over all things but the last. The best is looked for from its own step to the last but one.
    """
    last = sequence.length - 1
    lost = []
    for place in range(last):
        since = [sequence.at(step, place) for step in range(place, last)]
        best = max((share for share in since if share is not None), default=None)
        lost.append(_minus(None if None in since else best, sequence.at(last, place)))
    return _mean(lost)


MEASURES: Mapping[str, Callable[[LearnedSequence], Share]] = {
    measure.__name__: measure
    for measure in (
        base_accuracy,
        right_after,
        final_accuracy,
        net_gain,
        backward_transfer,
        forward_transfer,
        forgetting,
    )
}
"""What is computed of each sequence, and then averaged over sequences."""

DIFFERENCES = frozenset({"net_gain", "backward_transfer", "forward_transfer", "forgetting"})
"""Those of them that have a sign."""


def linear_measures(means: LearnedSequence) -> dict[str, Share]:
    """The summaries of a sequence of means, as far as they are the means of the sequences' summaries."""
    return {name: measure(means) for name, measure in MEASURES.items() if name != forgetting.__name__}


def matrix(
    sequences: Sequence[LearnedSequence], *, n_unknown: int = 0, n_failed: int = 0, n_invalid: int = 0
) -> Matrix:
    """All sequences together; they are equally long."""
    places = range(max((sequence.length for sequence in sequences), default=0))
    return Matrix(
        base=tuple(_cell([sequence.base[place] for sequence in sequences]) for place in places),
        after=tuple(
            tuple(_cell([sequence.at(step, place) for sequence in sequences]) for place in places) for step in places
        ),
        measures={name: _cell(list(map(measure, sequences))) for name, measure in MEASURES.items()},
        n_sequences=len(sequences),
        n_unknown=n_unknown,
        n_failed=n_failed,
        n_invalid=n_invalid,
    )


def _cell(shares: Sequence[Share]) -> Cell | None:
    known = [share for share in shares if share is not None]
    found = estimate(known)
    return Cell(mean=found.mean, ci95=found.ci95, deviation=sample_deviation(known), n=found.n) if found else None


def _mean(shares: Sequence[Share]) -> Share:
    """Of things that must all be known; None of nothing."""
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known and len(known) == len(shares) else None


def _minus(first: Share, second: Share) -> Share:
    return None if first is None or second is None else first - second
