"""Whole runs that differ only in their seed: their variation is not that of one run's contexts."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from seal.errors import UsageError
from seal.folder.record_lines import to_line
from seal.sweep.seeds import of_one
from tests.sweep.test_choice import make
from tests.values import context

Seal = Callable[..., int]
SCORES = {"seed=0": [0.5, 0.7], "seed=1": [0.6, 0.8], "seed=10": [0.1, 0.9]}


def with_differences(folder: Path, differences: dict[str, float]) -> Path:
    """The points of `SCORES`, with a paired difference in each."""
    make(folder, SCORES)
    for name, difference in differences.items():
        file = folder / name / "results.json"
        one = {"first": "base", "second": "round_1", "difference": difference, "ci95": None, "n_contexts": 2}
        file.write_text(json.dumps({**json.loads(file.read_text()), "comparisons": [one]}))
        lines = [to_line(each, asdict(context(each))) for each in ("c0", "c1")]
        (folder / name / "contexts.jsonl").write_text("".join(lines))
    return folder


def test_accuracies_and_differences_have_intervals_over_runs(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    with_differences(Path("outputs/five"), {"seed=0": 0.1, "seed=1": 0.2, "seed=10": 0.3})
    assert seal("compare", "five", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seeds"] == ["0", "1", "10"]
    [setting] = found["settings"]
    assert setting["values"] == pytest.approx([0.6, 0.7, 0.5])
    assert (setting["mean"], setting["deviation"]) == (pytest.approx(0.6), pytest.approx(0.1))
    [difference] = found["differences"]
    margin = 4.3027 * 0.1 / 3**0.5
    assert difference["ci95"] == pytest.approx([0.2 - margin, 0.2 + margin], abs=1e-4)
    assert seal("compare", "five") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "round 1 − base +0.200 -0.048 to +0.448 0.100 3" in said
    assert "means over 3 runs (seeds 0, 1, 10)" in said


def test_two_sweeps_are_paired_by_seed(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    with_differences(Path("outputs/a"), dict.fromkeys(SCORES, 0.1))
    with_differences(Path("outputs/b"), dict.fromkeys(SCORES, 0.1))
    (Path("outputs/b/seed=10")).rename("outputs/b/seed=11")
    assert seal("compare", "a", "b", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seeds"] == ["0", "1"]
    assert [one["values"] for one in found["differences"]] == [[0.0, 0.0]]
    assert seal("compare", "a", "b") == 0
    assert "b − a: paired differences" in capsys.readouterr().out


def test_what_shows_no_variation_between_runs_is_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    make(Path("outputs/ranks"), {"inner.rank=2,seed=0": [0.5], "inner.rank=4,seed=0": [0.5]})
    make(Path("outputs/one"), {"seed=0": [0.5]})
    for sweep, why in (("ranks", "is swept over inner.rank too"), ("one", "has results of 1 seeds")):
        assert seal("compare", sweep) == 2
        assert why in capsys.readouterr().err
    assert seal("compare", "one/seed=0") == 2
    assert "is one run: name another to compare it with" in capsys.readouterr().err
    with pytest.raises(UsageError):
        of_one(Path("outputs/nothing"))
