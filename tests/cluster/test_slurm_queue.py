"""What SLURM is asked and told."""

import os
import time
from pathlib import Path

import pytest

from seal.cluster.slurm_queue import cancel, outside_of_any_job, queued, why_gone
from seal.errors import RunError
from tests.cluster.runs import commands_that
from tests.slurm import SlurmCluster


def test_a_job_s_own_limits_are_hidden_from_what_it_submits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm.conf")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "4096")
    with outside_of_any_job():
        assert os.environ["SLURM_CONF"] == "/etc/slurm.conf"
        assert "SLURM_MEM_PER_NODE" not in os.environ
    assert os.environ["SLURM_MEM_PER_NODE"] == "4096"


def test_without_slurm_nothing_is_known_of_its_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert queued("seal-none") is None
    assert "there is no accounting" in why_gone("1")


def test_jobs_that_are_not_ended_are_named_with_slurm_s_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says = "echo 'scancel: error: Kill job error on job id 5: Access/permission denied' >&2; exit 1"
    monkeypatch.setenv("PATH", commands_that(tmp_path, scancel=says))
    with pytest.raises(RunError, match=r"SLURM does not end 5, 6: .*permission denied"):
        cancel(["5", "6"])


def test_jobs_that_have_ended_need_no_ending(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says = "echo 'scancel: error: Kill job error on job id 5: Job/step already completing or completed' >&2; exit 1"
    monkeypatch.setenv("PATH", commands_that(tmp_path, scancel=says))
    cancel(["5"])


def test_a_job_that_would_wait_for_ever_and_cannot_be_ended_is_still_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says = {"squeue": "echo '5|PENDING|BadConstraints'", "scancel": "echo no >&2; exit 1"}
    monkeypatch.setenv("PATH", commands_that(tmp_path, **says))
    assert queued("seal-own") == {"5": "PENDING (BadConstraints)"}


@pytest.mark.cluster
def test_a_job_that_waits_for_what_never_comes_is_ended(slurm: SlurmCluster) -> None:
    failing = slurm.call("sbatch", "--parsable", "--output=/dev/null", "--wrap=exit 1").strip()
    common = ("sbatch", "--parsable", "--output=/dev/null", "--job-name=seal-own", "--wrap=true")
    waiting = slurm.call(*common, f"--dependency=afterok:{failing}", "--kill-on-invalid-dep=no").strip()
    until = time.monotonic() + 30
    while waiting in (queued("seal-own") or {}) and time.monotonic() < until:
        time.sleep(0.2)
    assert slurm.quiet(patience_s=10)
    assert "CANCELLED" in why_gone(waiting)


@pytest.mark.cluster
def test_only_jobs_of_the_name_are_seen(slurm: SlurmCluster) -> None:
    jobs = [
        slurm.call("sbatch", "--parsable", "--output=/dev/null", f"--job-name={name}", "--wrap=sleep 30").strip()
        for name in ("seal-own", "seal-other")
    ]
    assert list(queued("seal-own") or {}) == jobs[:1]
    cancel(jobs)
    cancel([])
