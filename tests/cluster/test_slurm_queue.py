"""What SLURM is asked and told."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.cluster.ledger import Ledger
from seal.cluster.slurm_queue import cancel, outside_of_any_job, queued, why_gone
from seal.errors import RunError
from seal.folder.store import JOBS
from seal.work.fulfilling import in_lab
from tests.cluster.runs import cluster_of, commands_that, lab_in, sleeping
from tests.conftest import SMALL
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
    with pytest.raises(RunError, match=r"SLURM does not cancel 5, 6: .*permission denied"):
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


def test_a_run_that_never_had_a_job_stops_at_once_where_slurm_does_not_answer(
    seal: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    says = "echo 'squeue: fatal: Could not establish a configuration source' >&2; exit 1"
    monkeypatch.setenv("PATH", commands_that(tmp_path / "bin", srun="", squeue=says))
    assert seal("run", *SMALL, "cluster=slurm") == 1
    said = capsys.readouterr().err
    assert "SLURM does not answer, and this run has never submitted a job:\nsqueue: fatal: Could not establish" in said
    assert not (tmp_path / "outputs/tiny/jobs").exists()


def test_a_run_that_had_jobs_waits_for_slurm_to_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", commands_that(tmp_path, srun="", squeue="exit 1"))
    cluster = cluster_of("cluster=slurm")
    with pytest.raises(RunError, match="does not answer"):
        cluster.ready(tmp_path)
    (tmp_path / JOBS / "squares-1").mkdir(parents=True)
    Ledger(tmp_path / JOBS / "squares-1").submitted({"7": (0, ["1"])}, title="sleeping", gpus=0)
    cluster.ready(tmp_path)


def test_a_submission_that_fails_is_told_in_sbatch_s_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says = "echo 'sbatch: error: Invalid account' >&2; exit 1"
    monkeypatch.setenv("PATH", commands_that(tmp_path, srun="", squeue="", sbatch=says))
    with pytest.raises(RunError, match="SLURM refuses the job: sbatch: error: Invalid account"):
        cluster_of("cluster=slurm").fulfil(in_lab(lab_in(tmp_path), sleeping()), [1])


@pytest.mark.cluster
def test_a_controller_that_nobody_runs_does_not_answer(
    slurm: SlurmCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster_of("cluster=slurm").ready(tmp_path)
    own = re.sub(r"SlurmctldPort=\d+", "SlurmctldPort=9", (slurm.root / "slurm.conf").read_text())
    (slurm.root / "alone.conf").write_text(own)
    monkeypatch.setenv("SLURM_CONF", str(slurm.root / "alone.conf"))
    with pytest.raises(RunError, match="Unable to contact slurm controller"):
        cluster_of("cluster=slurm").ready(tmp_path)


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
