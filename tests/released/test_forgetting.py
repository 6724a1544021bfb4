"""Released forgetting matrices: pooled as published, and rightly."""

from pathlib import Path

import numpy as np
import pytest

from seal.errors import DataError
from seal.released.forgetting import Forgetting, pool, read_forgetting
from seal.released.importing import read_document


def run_of(values: np.ndarray) -> Forgetting:
    """A run of one passage, from accuracies [sequences, 2, 1]."""

    def matrix(array: np.ndarray) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(map(float, row)) for row in array)

    return Forgetting(
        mean_over_sequences=matrix(values.mean(axis=0)),
        std_over_sequences=matrix(values.std(axis=0)),
        n_sequences=len(values),
        n_datapoints=1,
    )


def test_pooled_runs_have_the_mean_and_deviation_of_all_their_sequences() -> None:
    random = np.random.default_rng(0)
    parts = [random.uniform(size=(n, 2, 1)) + shift for n, shift in ((5, 0.0), (9, 0.4), (3, -0.2))]
    pooled = pool([run_of(part) for part in parts])
    everything = np.concatenate(parts)
    assert pooled.n_sequences == 17
    assert np.allclose(pooled.mean, everything.mean(axis=0))
    assert np.allclose(pooled.deviation, everything.std(axis=0))
    assert np.all(np.array(pooled.published_deviation) < np.array(pooled.deviation))


def test_the_published_runs_give_the_published_summary(reference: Path) -> None:
    folder = reference / "knowledge/continual"
    runs = [read_forgetting(file, read_document(file)) for file in sorted(folder.glob("run*.json"))]
    overall = read_forgetting(folder / "overall.json", read_document(folder / "overall.json"))
    pooled = pool(runs)
    assert len(runs) == 8
    assert pooled.n_sequences == overall.n_sequences == 64
    assert np.abs(np.array(pooled.mean) - overall.mean_over_sequences).max() <= 5e-5
    assert np.abs(np.array(pooled.published_deviation) - overall.std_over_sequences).max() <= 5e-5


def test_a_matrix_of_another_shape_is_refused() -> None:
    wrong = {"mean_over_sequences": [[0.1]], "std_over_sequences": [[0.1]], "n_sequences": 1, "n_datapoints": 1}
    with pytest.raises(DataError, match="mean_over_sequences must be 2 rows of 1 numbers"):
        read_forgetting(Path("x.json"), wrong)
    with pytest.raises(DataError, match="n_sequences"):
        read_forgetting(Path("x.json"), {"mean_over_sequences": [[0.1]]})
