"""Sweeps in one table."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.sweep.choice import read_sweep
from seal.sweep.outcomes import Unfinished
from seal.sweep.page import write_sweep
from seal.sweep.reporting import report_sweep
from tests.sweep.test_choice import make


def test_report_makes_a_table_and_a_heatmap_of_two_settings(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(
        Path("outputs/grid"),
        {f"inner.epochs={e},inner.rank={r}": [e * r / 100 - 0.1, e * r / 100 + 0.1] for e in (1, 2) for r in (8, 16)},
    )
    assert seal("report", "grid") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "best: inner.epochs=2, inner.rank=16, 0.320, 95 % interval 0.000 to 1.000" in said
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


def test_points_that_failed_or_never_began_are_named_with_their_reasons(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(Path("outputs/ranks"), {f"inner.rank={rank}": [0.1 * rank, 0.2] for rank in (1, 2)})
    outcomes = {
        "inner.rank=1": {"overrides": ["inner.rank=1"], "failed": None},
        "inner.rank=3": {
            "overrides": ["inner.rank=3"],
            "failed": "the run cannot start:\n  the disk is full\n  and so on",
        },
        "inner.rank=4": {"overrides": ["inner.rank=4"], "failed": None},
    }
    (folder / "sweep.json").write_text(json.dumps(outcomes))
    assert seal("report", "ranks") == 0
    said = capsys.readouterr().out
    assert "2 points with results, 2 without" in said
    assert "without results: inner.rank=3: the run cannot start: the disk is full" in said
    assert "without results: inner.rank=4: it has not begun" in said
    assert "2 points have no results: " in said
    rows = {row["inner.rank"]: row for row in csv.DictReader((folder / "sweep.csv").open())}
    assert (rows["3"]["accuracy"], rows["3"]["why_not"]) == ("", "the run cannot start: the disk is full")
    assert (rows["2"]["accuracy"], rows["2"]["why_not"]) == ("0.2", "")
    assert '<td class="words">it has not begun</td>' in (folder / "sweep.html").read_text()
    assert seal("status", "ranks") == 0
    said = capsys.readouterr().out
    assert "2 of 4 points have results" in said
    assert "inner.rank=3: the run cannot start: the disk is full" in said
    assert seal("report", "ranks", "--json") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["without_results"]] == [
        "inner.rank=3",
        "inner.rank=4",
    ]


def test_a_sweep_of_which_nothing_succeeded_says_why(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path("outputs/lost")
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps({"inner.rank=3": {"overrides": [], "failed": "the disk is full"}}))
    assert seal("report", "lost") == 2
    assert "inner.rank=3: the disk is full" in capsys.readouterr().err


def test_of_many_points_without_results_three_are_named_and_the_table_has_all(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(Path("outputs/ranks"), {"inner.rank=1": [0.1, 0.2]})
    failed = {f"inner.rank={rank}": {"overrides": [], "failed": "no memory"} for rank in range(2, 12)}
    (folder / "sweep.json").write_text(json.dumps(failed))
    assert seal("report", "ranks") == 0
    said = capsys.readouterr().out
    assert said.count("no memory") == 3
    assert f"without results: 7 more; all are in {folder / 'sweep.csv'}" in said
    assert (folder / "sweep.csv").read_text().count("no memory") == 10


def test_a_point_that_ends_while_the_report_is_made_is_told_of_in_one_way(tmp_path: Path) -> None:
    folder = make(tmp_path / "ranks", {f"inner.rank={rank}": [0.1, 0.2] for rank in (1, 2)})
    points = read_sweep(folder)[:1]
    without = [Unfinished(name="inner.rank=2", settings={"inner.rank": "2"}, reason="it has not begun")]
    write_sweep(folder, points, without)
    rows = {row["inner.rank"]: row["why_not"] for row in csv.DictReader((folder / "sweep.csv").open())}
    assert rows == {"1": "", "2": "it has not begun"}
    assert "it has not begun" in (folder / "sweep.html").read_text()


@pytest.mark.parametrize("as_json", [True, False])
def test_the_report_of_a_sweep_is_the_same_for_programs_and_people(tmp_path: Path, as_json: bool) -> None:
    folder = make(tmp_path / "ranks", {f"inner.rank={rank}": [0.1 * rank, 0.2] for rank in (1, 2)})
    told = report_sweep(folder, as_json=as_json)
    assert [point["name"] for point in told["points"]] == ["inner.rank=1", "inner.rank=2"]


def test_several_runs_are_reported_at_once_or_none_of_them(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        shutil.copytree(finished, Path("outputs") / name, ignore=shutil.ignore_patterns("report"))
    assert seal("report", "one", "two", "three") == 2
    assert "three" in capsys.readouterr().err
    make(Path("outputs/ranks"), {"inner.rank=1": [0.1, 0.2]})
    Path("outputs/lost").mkdir()
    Path("outputs/lost/sweep.json").write_text(json.dumps({"seed=0": {"overrides": [], "failed": "the disk is full"}}))
    assert seal("report", "one", "ranks", "lost") == 2
    assert "no point of outputs/lost has results yet:\n  seed=0: the disk is full" in capsys.readouterr().err
    assert not list(Path("outputs").glob("*/report/index.html"))
    assert not Path("outputs/ranks/sweep.html").exists()
    assert seal("report", "one", "two", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert len(list(Path("outputs").glob("*/report/index.html"))) == 2
