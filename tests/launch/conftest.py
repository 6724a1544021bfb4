"""What tests of the commands share: a run that was left to its jobs, and a SLURM that does not answer."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.cluster.ledger import Ledger
from tests.cluster.runs import commands_that


@pytest.fixture
def left_to_jobs(seal: Callable[..., int], finished: Path) -> Path:
    """The folder of a run that is not finished, of which a job was seen last."""
    run = Path("outputs/tiny")
    shutil.copytree(finished, run)
    (run / "results.json").unlink()
    phase = run / "jobs/self_edits-abc"
    (phase / "slurm").mkdir(parents=True)
    Ledger(phase).submitted({"7_0": (0, ["a", "b"])}, title="round_0: writing self-edits", gpus=1)
    return run


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A SLURM that is there and does not answer."""
    (tmp_path / "bin").mkdir()
    fails = "echo 'Unable to contact slurm controller' >&2; exit 1"
    path = commands_that(tmp_path / "bin", squeue=fails, scancel=fails, srun=fails, sbatch=fails, sacct=fails)
    monkeypatch.setenv("PATH", path)
