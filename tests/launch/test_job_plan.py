"""What `seal check cluster=slurm` says, on any machine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SMALL

SLURM = (*SMALL, "cluster=slurm", "inner.parallel=1", "engine.prompts_per_batch=2")


def test_check_prints_what_sbatch_would_be_told(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("cluster.workers.partition=gpu", "cluster.workers.qos=long", "+cluster.workers.more.exclude=node7")
    assert seal("check", *SLURM, *asked) == 0
    said = capsys.readouterr().out
    for directive in ("--partition=gpu", "--qos=long", "--exclude=node7", "--gpus-per-node=1", "--array=0-6%7"):
        assert f"#SBATCH {directive}\n" in said
    assert "nobody knows yet what a unit takes" in said
    assert not Path("outputs").exists()


def test_with_a_rate_there_are_gpu_hours(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    rate = ("cluster.seconds_per_unit=90", "cluster.workers.gpus=2", "cluster.chunk_minutes=10")
    assert seal("check", *SLURM, *rate, "--json") == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    edits, answers = jobs["work"]
    assert (edits["units"], edits["units_per_batch"], edits["jobs_at_once"], edits["jobs_by_time"]) == (14, 2, 7, 3)
    assert answers["units"] == 27
    assert jobs["gpu_hours"] == round((14 + 27) * 90 * 2 / 3600, 2)
    assert jobs["policy_updates"] == 1


def test_the_rate_is_that_of_the_run_in_the_folder(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", *SLURM, f"outputs={finished.parent}", "--json") == 0
    assert json.loads(capsys.readouterr().out)["jobs"]["gpu_hours"] is not None


def test_a_local_run_plans_no_jobs(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *SMALL, "--json") == 0
    assert json.loads(capsys.readouterr().out)["jobs"] is None
