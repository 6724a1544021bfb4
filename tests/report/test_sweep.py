"""Sweeps in one table."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.report.sweep import means, read_sweep, settings_in


def make(folder: Path, accuracies: dict[str, float]) -> Path:
    for name, accuracy in accuracies.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text("{}")
        rows = [{"setting": "base", "accuracy": 0.0, "ci95": None}]
        rows += [{"setting": "round_1", "accuracy": accuracy, "ci95": [accuracy - 0.1, accuracy + 0.1]}]
        (folder / name / "results.json").write_text(json.dumps({"table": rows}))
    return folder


def test_a_name_is_taken_apart_also_where_values_hold_commas() -> None:
    assert settings_in("inner.rank=8,inner.targets=[q_proj,v_proj],seed=0") == {
        "inner.rank": "8",
        "inner.targets": "[q_proj,v_proj]",
        "seed": "0",
    }


def test_the_best_setting_is_the_one_with_the_highest_mean_over_seeds(tmp_path: Path) -> None:
    make(tmp_path, {"inner.rank=8,seed=0": 0.9, "inner.rank=8,seed=1": 0.1, "inner.rank=16,seed=0": 0.6})
    assert next(iter(means(read_sweep(tmp_path)))) == (("inner.rank", "16"),)


def test_report_makes_a_table_and_a_heatmap_of_two_settings(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(
        Path("outputs/grid"), {f"inner.epochs={e},inner.rank={r}": e * r / 100 for e in (1, 2) for r in (8, 16)}
    )
    assert seal("report", "grid") == 0
    assert "best: inner.epochs=2, inner.rank=16, 0.320" in capsys.readouterr().out
    rows = list(csv.DictReader((folder / "sweep.csv").open()))
    assert {(row["inner.epochs"], row["inner.rank"]): float(row["accuracy"]) for row in rows} == {
        ("1", "8"): 0.08,
        ("1", "16"): 0.16,
        ("2", "8"): 0.16,
        ("2", "16"): 0.32,
    }
    assert (folder / "sweep.png").stat().st_size > 1000
    assert seal("report", "grid", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 4
