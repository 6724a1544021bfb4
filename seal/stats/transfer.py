"""Continual learning: the matrix of accuracies after each step, and its summaries. Pure functions.

`after[i][j]` is the accuracy on item j after learning item i, both counted from 0. An item is for example a passage.
Every mean is over sequences, because steps within a sequence are not independent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seal.stats.intervals import DIFFERENCE, SHARE, Ends
from seal.stats.statistics import estimate, sample_deviation

Share = float | None
"""An accuracy; None if it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSequence:
    """One sequence: the accuracy on each item before learning, and after each step."""

    base: tuple[Share, ...]
    after: tuple[tuple[Share, ...], ...]
    """Rows end early if only items learned so far are asked. Steps are missing after a failed training."""

    @property
    def length(self) -> int:
        return len(self.base)

    def at(self, step: int, place: int) -> Share:
        """The accuracy on an item after a step; None if it was not asked or graded."""
        row = self.after[step] if step < len(self.after) else ()
        return row[place] if place < len(row) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A mean over all sequences in which the number is known."""

    mean: float
    ci95: tuple[float, float] | None
    """Over sequences; None for one sequence, or if single sequences were not published."""
    deviation: float | None
    """Sample standard deviation over sequences (n - 1); None as above."""
    n: int
    """Number of sequences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All sequences of one run."""

    base: tuple[Cell | None, ...]
    """By place in the sequence, before learning."""
    after: tuple[tuple[Cell | None, ...], ...]
    """By step, then by place; None if nothing was asked or graded."""
    measures: Mapping[str, Cell | None]
    """The summaries in `MEASURES`; None if no sequence has all that a summary needs."""
    n_sequences: int
    n_unknown: int = 0
    """Answers without a verdict, left out."""
    n_failed: int = 0
    """Sequences that ended early because a training failed. Their later steps are unknown."""
    n_invalid: int = 0
    """Steps whose self-edits could not be trained on. The model stayed unchanged."""


def base_accuracy(sequence: LearnedSequence) -> Share:
    """Accuracy on all items before learning."""
    return _mean(sequence.base)


def right_after(sequence: LearnedSequence) -> Share:
    """Accuracy on each item right after it was learned: the mean of the diagonal."""
    return _mean([sequence.at(step, step) for step in range(sequence.length)])


def final_accuracy(sequence: LearnedSequence) -> Share:
    """Accuracy on all items after the last step (average accuracy; GEM, arXiv 1706.08840, equation 2)."""
    return _mean([sequence.at(sequence.length - 1, place) for place in range(sequence.length)])


def net_gain(sequence: LearnedSequence) -> Share:
    """The final accuracy minus the accuracy before learning."""
    return _minus(final_accuracy(sequence), base_accuracy(sequence))


def backward_transfer(sequence: LearnedSequence) -> Share:
    """The effect of learning on earlier items; negative is forgetting (GEM, arXiv 1706.08840, equation 3).

    For each item but the last: accuracy after the last step minus accuracy right after its own step. The mean over
    these items.
    """
    last = sequence.length - 1
    return _mean([_minus(sequence.at(last, place), sequence.at(place, place)) for place in range(last)])


def forward_transfer(sequence: LearnedSequence) -> Share:
    """The effect of learning on later items (GEM, arXiv 1706.08840, equation 4).

    For each item but the first: accuracy just before its own step minus accuracy before learning. The mean over these
    items. GEM compares with a random model; this compares with the given model. Items must be asked before their turn.
    """
    return _mean([_minus(sequence.at(place - 1, place), sequence.base[place]) for place in range(1, sequence.length)])


def forgetting(sequence: LearnedSequence) -> Share:
    """How far each item ends below its best accuracy (Chaudhry et al., arXiv 1801.10112, equation 3).

    Positive means forgetting. The mean over all items but the last. The best is the maximum from an item's own step to
    the last step but one.
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
"""The summaries of a sequence, by name. Each is then averaged over sequences."""

DIFFERENCES = frozenset({"net_gain", "backward_transfer", "forward_transfer", "forgetting"})
"""Summaries that are differences, and so have a sign."""


def linear_measures(means: LearnedSequence) -> dict[str, Share]:
    """The summaries that may be computed from mean accuracies: all but forgetting, which is not linear."""
    return {name: measure(means) for name, measure in MEASURES.items() if name != forgetting.__name__}


def matrix(
    sequences: Sequence[LearnedSequence], *, n_unknown: int = 0, n_failed: int = 0, n_invalid: int = 0
) -> Matrix:
    """The matrix over all sequences. They must have equal length."""
    places = range(max((sequence.length for sequence in sequences), default=0))
    return Matrix(
        base=tuple(_cell([sequence.base[place] for sequence in sequences]) for place in places),
        after=tuple(
            tuple(_cell([sequence.at(step, place) for sequence in sequences]) for place in places) for step in places
        ),
        measures={
            name: _cell(list(map(measure, sequences)), DIFFERENCE if name in DIFFERENCES else SHARE)
            for name, measure in MEASURES.items()
        },
        n_sequences=len(sequences),
        n_unknown=n_unknown,
        n_failed=n_failed,
        n_invalid=n_invalid,
    )


def _cell(shares: Sequence[Share], limits: Ends = SHARE) -> Cell | None:
    known = [share for share in shares if share is not None]
    found = estimate(known, limits=limits)
    return Cell(mean=found.mean, ci95=found.ci95, deviation=sample_deviation(known), n=found.n) if found else None


def _mean(shares: Sequence[Share]) -> Share:
    """The mean; None if the sequence is empty or a value is unknown."""
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known and len(known) == len(shares) else None


def _minus(first: Share, second: Share) -> Share:
    return None if first is None or second is None else first - second
