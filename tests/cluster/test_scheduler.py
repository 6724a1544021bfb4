"""What jobs leave in submitit's folder, as it is told."""

import pickle
from pathlib import Path

import pytest

from seal.cluster.jobs import Jobs
from seal.config.loading import load
from seal.work.fulfilling import in_lab
from tests.cluster.runs import cluster_of, commands_that, lab_in, sleeping


@pytest.mark.parametrize(("cluster", "logs"), [("submitit_local", "submitit"), ("slurm", "slurm")])
def test_what_a_job_raised_and_wrote_is_told_without_the_keys_of_the_run_s_endpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: str, logs: str
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", commands_that(tmp_path / "bin", srun=""))
    monkeypatch.setenv("JUDGE", "planted-Xk29fLq81vTz")
    lab = lab_in(tmp_path)
    lab.run = load(["recipe=evaluate", "grader=judge", "grader.endpoint.key_variable=JUDGE"])[0]
    jobs = cluster_of(f"cluster={cluster}")
    assert isinstance(jobs, Jobs)
    folder = tmp_path / logs
    folder.mkdir()
    (folder / "7_0_result.pkl").write_bytes(pickle.dumps(("error", "Traceback\nrefused planted-Xk29fLq81vTz")))
    (folder / "7_0_log.err").write_text("a library says planted-Xk29fLq81vTz\n")
    scheduler = jobs.scheduler(in_lab(lab, sleeping()), tmp_path)
    outcome = scheduler.outcome("7")
    assert outcome
    assert outcome.error == "refused ***"
    assert scheduler.log_tail("7").endswith("_log.err:\n  a library says ***")
