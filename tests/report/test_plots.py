"""Pictures of a run: of a size one can read, whatever rows and points there are."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from seal.report.plots import (
    BAR,
    BASELINE,
    LIGHT_BAR,
    LIGHT_BASELINE,
    SIGNED,
    UNUSED,
    plot_accuracy,
    plot_curves,
    plot_rewards,
)
from seal.stats.results import Curve, Results
from tests.report.values import CURVE, ROUNDS, results, row


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def colours(path: Path) -> set[str]:
    with Image.open(path) as picture:
        found = picture.convert("RGB").getcolors(1 << 24) or []
    return {"#" + "".join(f"{value:02x}" for value in colour) for _, colour in found if isinstance(colour, tuple)}


def test_matched_rows_are_lighter_than_their_setting(tmp_path: Path) -> None:
    plot_accuracy(results(), tmp_path / "matched.png")
    assert {BAR, BASELINE, LIGHT_BAR, LIGHT_BASELINE} <= colours(tmp_path / "matched.png")
    plot_accuracy(Results(table=ROUNDS[:2]), tmp_path / "own.png")
    assert not {LIGHT_BAR, LIGHT_BASELINE} & colours(tmp_path / "own.png")


def test_suppressed_attempts_have_a_colour_of_their_own(tmp_path: Path) -> None:
    orange = SIGNED[-1][0]
    plot_rewards({"round_0": [(0.0, -0.5), (0.5, 0.0), (1.0, 0.5)]}, tmp_path / "signed.png", means={"round_0": 0.5})
    assert {BAR, orange, UNUSED} <= colours(tmp_path / "signed.png")
    plot_rewards({"round_0": [(0.0, 0.0), (1.0, 1.0)]}, tmp_path / "kept.png", means={})
    assert orange not in colours(tmp_path / "kept.png")


def test_more_rows_make_a_taller_picture(tmp_path: Path) -> None:
    plot_accuracy(Results(table=ROUNDS[:2]), tmp_path / "few.png")
    plot_accuracy(replace(results(), table=ROUNDS * 2), tmp_path / "many.png")
    assert size(tmp_path / "many.png")[1] > size(tmp_path / "few.png")[1] > 400


def test_a_row_without_an_interval_or_an_accuracy_is_no_obstacle(tmp_path: Path) -> None:
    table = (row("base", 0.0), replace(row("round_1", 0.5), ci95=None), row("round_2", None))
    plot_accuracy(Results(table=table), tmp_path / "odd.png")
    assert size(tmp_path / "odd.png")[0] > 600


@pytest.mark.parametrize(
    "curves",
    [
        (CURVE, replace(CURVE, setting="round_1")),
        (replace(CURVE, points=CURVE.points[:1]),),
        (CURVE, Curve(setting="round_1", points=())),
        (replace(CURVE, points=tuple(replace(point, ci95=None) for point in CURVE.points)),),
    ],
    ids=["two settings", "one point", "a setting without points", "without intervals"],
)
def test_curves_are_drawn_of_whatever_points_there_are(curves: tuple[Curve, ...], tmp_path: Path) -> None:
    plot_curves(replace(results(), curves=curves), tmp_path / "curves.png")
    assert min(size(tmp_path / "curves.png")) > 400
