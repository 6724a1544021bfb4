"""The script for a GPU runs all its steps on a CPU, and one that fails stops no other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import on_gpu


def test_the_steps_fit_into_eight_minutes() -> None:
    assert list(on_gpu.LIMITS_S) == list(on_gpu.STEPS)
    assert sum(on_gpu.LIMITS_S.values()) <= 8 * 60


def test_without_its_steps_a_round_is_not_extrapolated(tmp_path: Path) -> None:
    for name in ("training_7b", "writing_7b"):
        (tmp_path / f"{name}.json").write_text('{"failed": "out of memory"}')
    with pytest.raises((KeyError, ValueError)):
        on_gpu.of_a_round(tmp_path)


def test_a_round_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    (tmp_path / "training_7b.json").write_text('{"slots": [{"updates_per_s": 10}, {"updates_per_s": 87}]}')
    (tmp_path / "writing_7b.json").write_text('{"a": {"tokens_per_s": 1000}, "b": {"tokens_per_s": 5000}}')
    found = on_gpu.of_a_round(tmp_path)
    assert found["training"] == 750 / 60
    assert found["writing"] == 0.25
    assert found["largest"] == "training"
    assert found["minutes"] == pytest.approx(750 / 60 + 0.25 + 750 * 4.5 * 27 / 1000 / 60)


@pytest.mark.slow
def test_the_dry_run_does_every_step(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.on_gpu", "--dry-run", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = [*on_gpu.STEPS, "round"]
    assert [line.split(",")[0].split(":")[0] for line in done.stdout.splitlines()] == names
    found = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in names}
    assert not [name for name, of_step in found.items() if "failed" in of_step]
    assert found["exactness"]["float32"]["side_by_side"] < 1e-3
    assert found["exactness"]["float32"]["peft"] < 1e-4
