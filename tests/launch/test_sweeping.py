"""Sweeps whose points are jobs: every outcome is collected, and a second call runs what has not succeeded."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from seal.cluster.slurm_queue import job_name, queued
from tests.conftest import SMALL
from tests.slurm import SlurmCluster

QUICK = (*SMALL, "recipe.rounds=0", "recipe.held_out_contexts=1", "name=seeds")
LOCAL = ("hydra/launcher=submitit_local",)
SLURM = (
    "hydra/launcher=slurm_cpu",
    "hydra.launcher.mem_gb=2",
    "hydra.launcher.partition=all",
    "hydra.launcher.cpus_per_task=1",
)
SWEEP = Path("outputs/seeds")


def command(*overrides: str) -> Sequence[str]:
    return [sys.executable, "-m", "seal.launch.cli", "run", "-m", *QUICK, *overrides]


def sweep(folder: Path, *overrides: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*overrides), cwd=folder, capture_output=True, text=True, check=False)


def outcomes(folder: Path) -> dict[str, bool]:
    """Whether each point succeeded."""
    found = json.loads((folder / SWEEP / "sweep.json").read_text())
    return {name: outcome["failed"] is None for name, outcome in found.items()}


@pytest.mark.slow
def test_a_point_that_fails_does_not_hide_the_others_and_a_rerun_leaves_them_alone(tmp_path: Path) -> None:
    swept = ("self_edit.max_new_tokens=48,100000", "seed=0,1")
    first = sweep(tmp_path, *LOCAL, *swept)
    assert first.returncode == 1
    assert "2 of 4 points failed; the same command tries them again:" in first.stderr
    assert "the model's context is" in first.stderr
    assert "Traceback" not in first.stderr
    assert outcomes(tmp_path) == {
        "seed=0,self_edit.max_new_tokens=48": True,
        "seed=1,self_edit.max_new_tokens=48": True,
        "seed=0,self_edit.max_new_tokens=100000": False,
        "seed=1,self_edit.max_new_tokens=100000": False,
    }
    assert "2 of 4 points are done already" in sweep(tmp_path, *LOCAL, *swept).stderr
    other = sweep(tmp_path, *LOCAL, "inner.epochs=4", *swept)
    assert other.returncode == 2
    assert "inner.epochs: 3 there, 4 now" in other.stderr


def wait_for_running(name: str, count: int, patience_s: float = 60) -> list[str]:
    until = time.monotonic() + patience_s
    while len(jobs := [job for job, state in (queued(name) or {}).items() if state == "RUNNING"]) < count:
        assert time.monotonic() < until, "no job came"
        time.sleep(0.1)
    return jobs


@pytest.mark.cluster
def test_on_slurm_a_killed_point_is_known_as_such_and_run_again(slurm: SlurmCluster, tmp_path: Path) -> None:
    name = job_name(tmp_path / SWEEP)
    first = subprocess.Popen(command(*SLURM, "seed=0,1,2"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    slurm.call("scancel", wait_for_running(name, 3)[1])
    _, said = first.communicate()
    assert first.returncode == 1
    assert "seed=1: its job was killed: CANCELLED by 0" in said
    assert outcomes(tmp_path) == {"seed=0": True, "seed=1": False, "seed=2": True}
    again = sweep(tmp_path, *SLURM, "seed=0,1,2")
    assert again.returncode == 0, again.stderr
    assert "2 of 3 points are done already" in again.stderr
    assert outcomes(tmp_path) == {"seed=0": True, "seed=1": True, "seed=2": True}


@pytest.mark.cluster
def test_an_interrupted_sweep_leaves_no_job(slurm: SlurmCluster, tmp_path: Path) -> None:
    process = subprocess.Popen(command(*SLURM, "seed=0,1"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    wait_for_running(job_name(tmp_path / SWEEP), 2)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 130
    assert slurm.quiet(patience_s=20)
