"""`seal run -m`: one run for each point of a sweep."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SMALL

QUICK = (*SMALL, "recipe.rounds=0", "recipe.held_out_contexts=1")


def sweep(folder: Path, *overrides: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seal.launch.cli", "run", "-m", *overrides]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_sweep_without_a_name_gets_its_own_folder_and_can_go_through_submitit(tmp_path: Path) -> None:
    launcher = ("hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5")
    done = sweep(tmp_path, *QUICK, *launcher, "seed=0,1")
    assert done.returncode == 0, done.stderr
    for point in ("seed=0", "seed=1"):
        assert (tmp_path / "outputs/tiny-sweep" / point / "results.json").exists()


@pytest.mark.slow
def test_a_sweep_makes_one_run_a_point_named_by_what_differs_and_resumes(tmp_path: Path) -> None:
    done = sweep(tmp_path, *QUICK, "name=ranks", "inner.rank=2,4", "seed=0,1")
    assert done.returncode == 0, done.stderr
    runs = sorted(folder for folder in (tmp_path / "outputs/ranks").iterdir() if folder.is_dir())
    settings = [json.loads((run / "manifest.json").read_text())["settings"] for run in runs]
    assert sorted((each["inner"]["rank"], each["seed"]) for each in settings) == [(2, 0), (2, 1), (4, 0), (4, 1)]
    assert [run.name for run in runs] == [
        "inner.rank=2,seed=0",
        "inner.rank=2,seed=1",
        "inner.rank=4,seed=0",
        "inner.rank=4,seed=1",
    ]
    before = [(run / "metrics.jsonl").read_bytes() for run in runs]
    assert sweep(tmp_path, *QUICK, "name=ranks", "inner.rank=2,4", "seed=0,1").returncode == 0
    assert [(run / "metrics.jsonl").read_bytes() for run in runs] == before


def test_faulty_points_of_a_sweep_are_all_refused_before_any_point_starts(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", "-m", *QUICK, "inner.rank=2,0,1000", "model=tiny,tinny") == 2
    said = capsys.readouterr().err
    assert "inner.rank: Input should be greater than or equal to 1, got 0" in said
    assert "inner.rank: Input should be less than or equal to 256, got 1000" in said
    assert "did you mean 'tiny'?" in said
    assert not Path("outputs").exists()


def test_points_that_cannot_start_are_named_before_any_point_starts(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", "-m", *QUICK, "name=long", "self_edit.max_new_tokens=48,100000", "seed=1,2") == 2
    _, *faults = capsys.readouterr().err.splitlines()
    for seed, fault in zip((1, 2), faults, strict=True):
        assert fault.startswith(f"  seed={seed},self_edit.max_new_tokens=100000: the run cannot start: ")
        assert "but the context length is" in fault
    assert not Path("outputs").exists()


def test_a_sweep_does_not_move_into_the_folder_of_a_run(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", "-m", *SMALL, "name=tiny", f"outputs={finished.parent}", "seed=1,2") == 2
    assert "holds a single run: choose another name=" in capsys.readouterr().err


def test_a_swept_name_is_refused(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", "-m", *QUICK, "name=a,b") == 2
    assert "name: a sweep has one folder" in capsys.readouterr().err


def test_what_hydra_cannot_parse_is_refused(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", "-m", "inner.rank=[1,") == 2
    assert "inner.rank" in capsys.readouterr().err


def test_an_interval_is_for_searches(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", "-m", *QUICK, "inner.rank=2,4", "inner.learning_rate=interval(1e-4,1e-2)") == 2
    said = capsys.readouterr().err
    assert "inner.learning_rate=interval(1e-4,1e-2): an interval needs a search" in said
    assert not Path("outputs").exists()


LAUNCHER = """
from hydra._internal.core_plugins.basic_launcher import BasicLauncher

class Plain(BasicLauncher):
    pass
"""


@pytest.mark.slow
def test_a_launcher_of_somebody_else_s_runs_points_that_know_their_own_commands(tmp_path: Path) -> None:
    (tmp_path / "hydra_plugins").mkdir()
    (tmp_path / "hydra_plugins/plain.py").write_text(LAUNCHER)
    launcher = "hydra.launcher._target_=hydra_plugins.plain.Plain"
    done = sweep(tmp_path, *QUICK, "name=ranks", launcher, "inner.rank=2,4", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    point = tmp_path / "outputs/ranks/inner.rank=4"
    command = json.loads((point / "manifest.json").read_text())["command"]
    assert command[:2] == ["seal", "run"]
    assert "recipe.rounds=0" in command
    assert command[-1] == 'name="ranks/inner.rank=4"'
    assert sum(word.startswith("name=") for word in command) == 1
    before = (point / "results.json").stat().st_mtime_ns
    again = subprocess.run([sys.executable, "-m", "seal.launch.cli", *command[1:]], cwd=tmp_path, check=False)
    assert again.returncode == 0
    assert (point / "results.json").stat().st_mtime_ns > before
