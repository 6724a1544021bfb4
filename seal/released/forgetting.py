"""Forgetting matrices in the format of the paper's repository: means and deviations over sequences of passages.

    {"mean_over_sequences": [[…]], "std_over_sequences": [[…]], "n_sequences": 8, "n_datapoints": 8}

Row 0 is the unadapted model. Row i + 1 is the model after the self-edit of passage i. Column j is about passage j.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from seal.errors import DataError, listed
from seal.released import faults_of
from seal.stats.transfer import Cell, LearnedSequence, Matrix, linear_measures

Share = Annotated[float, Field(ge=0, le=1)]
"""An accuracy, or a deviation of accuracies."""
Shares = tuple[tuple[Share, ...], ...]
"""A matrix of these, with a row per step and a column per passage."""
Count = Annotated[int, Field(ge=1, le=10**6)]
"""A generous upper limit. Lists get this length, so a file must not give any number."""

ROUNDING = 1e-4
"""Maximum difference between recomputed cells and published cells, which have four digits."""


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """Accuracies by step and passage, over sequences."""

    mean_over_sequences: Shares
    std_over_sequences: Shares
    n_sequences: Count
    n_datapoints: Count


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Several runs, pooled."""

    mean: Shares
    deviation: Shares
    """Over all sequences of all runs."""
    published_deviation: Shares
    """The mean of the runs' deviations, as the repository pools them. It is too small: it ignores the variance between
    runs, and a mean of roots is less than the root of the mean."""
    n_sequences: int


def read_forgetting(path: Path, document: Mapping[str, Any]) -> Forgetting:
    """The matrices in a parsed file.

    Raises:
        DataError: the file has another format.
    """
    try:
        found: Forgetting = TypeAdapter(Forgetting).validate_python(
            {name: document.get(name) for name in Forgetting.__dataclass_fields__}
        )
    except ValidationError as error:
        raise DataError(listed(f"{path} is not a published forgetting matrix:", faults_of(error))) from error
    size = found.n_datapoints
    for name, matrix in (("mean", found.mean_over_sequences), ("std", found.std_over_sequences)):
        if [len(row) for row in matrix] != [size] * (size + 1):
            raise DataError(f"{path}: {name}_over_sequences must be {size + 1} rows of {size} numbers")
    return found


def pool(runs: Sequence[Forgetting]) -> Pooled:
    """Pool runs of equal shape, weighted by their numbers of sequences. Deviations have n in the denominator (NumPy).

    The variance over all sequences is the mean of the variances within runs plus the variance of the runs' means.
    """
    weights = [run.n_sequences for run in runs]
    means = [run.mean_over_sequences for run in runs]
    deviations = [run.std_over_sequences for run in runs]
    middle = _cellwise(lambda values: _weighted(values, weights), means)
    within = _cellwise(lambda values: _weighted([value**2 for value in values], weights), deviations)
    between = _cellwise(lambda values: _variance(values, weights), means)
    return Pooled(
        mean=middle,
        deviation=_cellwise(lambda values: sum(values) ** 0.5, [within, between]),
        published_deviation=_cellwise(lambda values: sum(values) / len(values), deviations),
        n_sequences=sum(weights),
    )


def check_summary(path: Path, summary: Forgetting, pooled: Pooled) -> None:
    """Check a published summary against its runs: its means, and its deviations by the published rule.

    Raises:
        DataError: a cell does not match the runs.
    """
    for name, there, here in (
        ("mean_over_sequences", summary.mean_over_sequences, pooled.mean),
        ("std_over_sequences", summary.std_over_sequences, pooled.published_deviation),
    ):
        for row, (published, found) in enumerate(zip(there, here, strict=True)):
            for column, (value, ours) in enumerate(zip(published, found, strict=True)):
                if abs(value - ours) > ROUNDING:
                    raise DataError(
                        f"{path} contradicts the runs: {name}[{row}][{column}] is {value}, but they give {ours:.4f}"
                    )


def as_matrix(pooled: Pooled) -> Matrix:
    """The matrix for a report. Intervals are mean ± 1.96 standard errors, because single sequences are not published.

    Cells of passages that are not learned yet are published as 0, and are left out. Only summaries that are linear in
    the cells are known, without their spread over sequences.
    """
    base, *after = (
        tuple(_cell(mean, deviation, pooled.n_sequences) for mean, deviation in zip(means, deviations, strict=True))
        for means, deviations in zip(pooled.mean, pooled.deviation, strict=True)
    )
    seen = tuple(row[: step + 1] + (None,) * (len(row) - step - 1) for step, row in enumerate(after))
    means = LearnedSequence(
        base=pooled.mean[0], after=tuple(row[: step + 1] for step, row in enumerate(pooled.mean[1:]))
    )
    measures = {
        name: None if share is None else Cell(mean=share, ci95=None, deviation=None, n=pooled.n_sequences)
        for name, share in linear_measures(means).items()
    }
    return Matrix(base=base, after=seen, measures=measures, n_sequences=pooled.n_sequences)


def _cell(mean: float, deviation: float, n: int) -> Cell:
    """A cell, from a deviation with n in its denominator."""
    if n < 2:
        return Cell(mean=mean, ci95=None, deviation=None, n=n)
    sample = deviation * (n / (n - 1)) ** 0.5
    margin = 1.96 * sample / n**0.5
    return Cell(mean=mean, ci95=(mean - margin, mean + margin), deviation=sample, n=n)


def _cellwise(function: Any, matrices: Sequence[Shares]) -> Shares:
    """Apply a function to the values at each place of the matrices."""
    return tuple(
        tuple(float(function(values)) for values in zip(*rows, strict=True)) for rows in zip(*matrices, strict=True)
    )


def _weighted(values: Sequence[float], weights: Sequence[int]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _variance(values: Sequence[float], weights: Sequence[int]) -> float:
    middle = _weighted(values, weights)
    return _weighted([(value - middle) ** 2 for value in values], weights)
