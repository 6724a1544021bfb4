"""Sweeps in one table."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.test_choice import make


def test_report_makes_a_table_and_a_heatmap_of_two_settings(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(
        Path("outputs/grid"),
        {f"inner.epochs={e},inner.rank={r}": [e * r / 100 - 0.1, e * r / 100 + 0.1] for e in (1, 2) for r in (8, 16)},
    )
    assert seal("report", "grid") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "best: inner.epochs=2, inner.rank=16, 0.320, 95 % interval 0.220 to 0.420" in said
    assert "paired over 2 contexts: +0.160" in said
    assert "is the best of 4 settings" in said
    rows = list(csv.DictReader((folder / "sweep.csv").open()))
    assert {(row["inner.epochs"], row["inner.rank"]): round(float(row["accuracy"]), 9) for row in rows} == {
        ("1", "8"): 0.08,
        ("1", "16"): 0.16,
        ("2", "8"): 0.16,
        ("2", "16"): 0.32,
    }
    assert (folder / "sweep.png").stat().st_size > 1000
    assert seal("report", "grid", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["points"]) == len(told["choice"]["ranked"]) == 4
    settings = list(csv.DictReader((folder / "settings.csv").open()))
    assert [float(row["best_minus_this"] or 0) for row in settings] == pytest.approx([0, 0.16, 0.16, 0.24])
    page = (folder / "sweep.html").read_text()
    assert "<strong>best: inner.epochs=2, inner.rank=16, 0.320" in page
    assert page.count("data:image/png") == 1
