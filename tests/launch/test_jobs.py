"""The jobs of a run, for people: interrupted, detached, looked at and cancelled on a real SLURM."""

import json
import os
import pickle
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from seal.launch.detaching import Coordinator

from seal.cluster.slurm import REQUEUES, Slurm
from seal.cluster.slurm_queue import coordinator_name, job_name, queued
from seal.cluster.workload import Place
from seal.config.loading import load
from seal.errors import RunError
from seal.folder.record_lines import to_line
from seal.folder.store import append_lines
from seal.session.interruption import decide_on_jobs
from tests.cluster.runs import commands_that
from tests.conftest import SMALL
from tests.slurm import SlurmCluster

QUICK = (*SMALL, "recipe.rounds=0", "recipe.held_out_contexts=1")
ON_SLURM = (
    *QUICK,
    "cluster=slurm",
    "cluster.workers.gpus=0",
    "cluster.workers.cpus=1",
    "cluster.workers.memory_gb=2",
    "cluster.coordinator.memory_gb=2",
    "cluster.poll_s=0.5",
    "cluster.settle_s=5",
)
RUN = Path("outputs/tiny")


def start(folder: Path, *overrides: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "seal.launch.cli", "run", *ON_SLURM, *overrides]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=stdin,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,  # noqa: PLW1509  # this process has no other threads
    )


def hear_interrupts() -> None:
    """What was started in the background of a shell ignores them, and hands that down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_jobs(name: str, patience_s: float = 60) -> list[str]:
    until = time.monotonic() + patience_s
    while not (jobs := list(queued(name) or {})):
        assert time.monotonic() < until, "no job came"
        time.sleep(0.1)
    return jobs


@pytest.mark.usefixtures("silence", "left_to_jobs")
def test_while_slurm_is_silent_status_does_not_say_that_nobody_is_at_work(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("status", "tiny") == 0
    said = capsys.readouterr().out
    assert "not finished. SLURM does not answer: " in said
    assert "jobs: 1 submitted; SLURM does not answer: " in said
    assert "nobody" not in said
    assert seal("status", "tiny", "--json") == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    assert (jobs["states"], jobs["coordinator"], jobs["phase"]["jobs"]) == (None, None, None)


@pytest.mark.usefixtures("silence")
def test_damaged_lines_of_ledger_records_and_times_are_left_out_of_the_status(
    seal: Callable[..., int], left_to_jobs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phase = left_to_jobs / "jobs/self_edits-abc"
    append_lines(phase / "ledger.jsonl", ["\0\0\n", '{"job": "8_0", "outcome": "done", "reason": ""}\n', "[]\n"])
    append_lines(phase / "self_edits-0-x.jsonl", [to_line("a", {}), '{"key": "b\\\n', "\0\n"])
    late = {"time": "2100-01-01T00:00:00+00:00"}
    append_lines(phase / "metrics-0-x.jsonl", ["{\n", "7\n", '{"time": 1}\n', json.dumps(late) + "\n"])
    assert seal("status", "tiny", "--json") == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    assert (jobs["submitted"], jobs["phase"]["units"], jobs["phase"]["recorded"]) == (1, 2, 1)


@pytest.mark.usefixtures("silence", "left_to_jobs")
def test_while_slurm_is_silent_cancel_does_not_say_that_there_is_no_job(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("cancel", "tiny") == 1
    said = capsys.readouterr()
    assert "SLURM does not answer: " in said.err
    assert not said.out
    assert (RUN / "jobs/cancel").exists(), "whoever coordinates is asked all the same"


@pytest.mark.usefixtures("silence", "left_to_jobs")
def test_while_slurm_is_silent_an_interruption_says_that_jobs_may_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    decide_on_jobs(load(["experiment=tiny", "cluster=slurm"])[0], interactive=False)
    err = capsys.readouterr().err
    assert "SLURM does not answer: " in err
    assert "The same command resumes" in err


@pytest.mark.usefixtures("silence")
def test_nothing_is_detached_while_slurm_is_silent(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", "--detach", *QUICK, "cluster=slurm") == 1
    assert "nothing was submitted: SLURM does not answer" in capsys.readouterr().err


def test_a_run_that_had_no_jobs_on_slurm_does_not_ask_it(
    seal: Callable[..., int], silence: None, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("cancel", str(finished)) == 0
    decide_on_jobs(load(["experiment=tiny", "cluster=slurm"])[0], interactive=False)
    assert not capsys.readouterr().err


def test_a_job_that_cannot_be_cancelled_is_no_success(
    seal: Callable[..., int],
    left_to_jobs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = commands_that(tmp_path, squeue="echo '7_0|RUNNING|None'", scancel="echo 'permission denied' >&2; exit 1")
    monkeypatch.setenv("PATH", path)
    assert seal("cancel", "tiny") == 1
    assert "SLURM does not cancel 7_0: permission denied" in capsys.readouterr().err


@pytest.mark.usefixtures("silence")
def test_a_learner_dies_of_its_time_limit_a_worker_goes_on_after_some_and_a_coordinator_after_any(
    tmp_path: Path,
) -> None:
    cluster = load(["experiment=tiny", "cluster=slurm", "cluster.max_deaths=3"])[0].cluster
    assert isinstance(cluster, Slurm)
    assert cluster.executor(tmp_path, Place.WORKERS, name="x").max_num_timeout == 3
    assert cluster.executor(tmp_path, Place.LEARNER, name="x").max_num_timeout == 0
    assert cluster.executor(tmp_path, Place.COORDINATOR, name="x").max_num_timeout == REQUEUES


def test_where_there_is_no_slurm_nothing_waits_for_it(
    seal: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert seal("run", *QUICK, "cluster=slurm") == 2
    assert seal("run", "--detach", *QUICK, "cluster=slurm") == 2
    assert capsys.readouterr().err.count("there is no SLURM on this machine") == 2


@pytest.mark.slow
def test_of_a_detached_run_the_command_is_known_that_people_type(
    seal: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/env/submitit/core/_submit.py", "jobs/coordinator"])
    Coordinator(overrides=QUICK, key_variables=frozenset())()
    (RUN / "results.json").unlink()
    capsys.readouterr()
    assert seal("status", "tiny") == 0
    assert f"this command resumes it:\n  seal run {' '.join(QUICK)}\n" in capsys.readouterr().out


@pytest.mark.slow
def test_what_a_detached_run_dies_of_is_told_without_the_keys_of_its_endpoints(
    seal: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    answers = commands_that(tmp_path / "bin", srun="", sbatch="echo Submitted batch job 7", squeue="")
    monkeypatch.setenv("JUDGE", "planted-Xk29fLq81vTz")
    telling = ("grader._target_=tests.launch.faulty.Telling", "+grader.key_variable=JUDGE")
    with monkeypatch.context() as there:
        there.setenv("PATH", f"{answers}:{os.environ['PATH']}")
        assert seal("run", "--detach", *QUICK, *telling, "cluster=slurm") == 0
    [submitted] = RUN.glob("jobs/coordinator/*_submitted.pkl")
    coordinator = pickle.loads(submitted.read_bytes()).function
    assert isinstance(coordinator, Coordinator)
    here = replace(coordinator, overrides=(*QUICK, *telling))
    with pytest.raises(RunError, match=r"ValueError: with \*\*\* nothing can be graded"):
        here()


@pytest.mark.cluster
@pytest.mark.parametrize("says_yes", [False, True])
def test_ctrl_c_on_a_terminal_asks_whether_to_cancel_the_jobs(
    slurm: SlurmCluster, tmp_path: Path, says_yes: bool
) -> None:
    keyboard, terminal = pty.openpty()
    process = start(tmp_path, stdin=terminal)
    jobs = wait_for_jobs(job_name(tmp_path / RUN))
    os.write(keyboard, b"y\n" if says_yes else b"\n")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert f"{len(jobs)} jobs of this run wait or run. Cancel them? [y/N]" in said
    if says_yes:
        assert f"{len(jobs)} jobs are cancelled" in said
        assert slurm.quiet(patience_s=20)
    else:
        assert "jobs go on: " in said
        assert list(queued(job_name(tmp_path / RUN)) or {}) == jobs


@pytest.mark.cluster
def test_without_a_terminal_the_jobs_are_left_or_cancelled_as_the_setting_says(
    slurm: SlurmCluster, tmp_path: Path
) -> None:
    process = start(tmp_path, "cluster.interrupted=cancel")
    wait_for_jobs(job_name(tmp_path / RUN))
    process.send_signal(signal.SIGTERM)
    assert "jobs are cancelled" in process.communicate()[1]
    assert slurm.quiet(patience_s=20)


@pytest.mark.cluster
def test_status_shows_the_jobs_and_cancel_ends_them_and_no_others(
    slurm: SlurmCluster, seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    other = slurm.call("sbatch", "--parsable", "--partition=cpu", "--output=/dev/null", "--wrap=sleep 60").strip()
    assert seal("run", "--detach", *ON_SLURM) == 0
    [worker] = wait_for_jobs(job_name(RUN))
    capsys.readouterr()
    assert seal("status", "tiny", "--json") == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    [coordinator] = queued(coordinator_name(RUN)) or {}
    assert jobs["coordinator"].keys() == {coordinator}
    assert jobs["running"] == {worker: "round_0: writing self-edits"}
    assert (jobs["phase"]["units"], jobs["phase"]["recorded"], jobs["phase"]["jobs"]) == (1, 0, 1)
    assert seal("status", "tiny") == 0
    assert f"{worker}: round_0: writing self-edits" in capsys.readouterr().out
    assert seal("cancel", "tiny", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)["cancelled"]) == {coordinator, worker}
    slurm.wait_for("the end", lambda: slurm.call("squeue", "--noheader", "--format=%i").split() == [other])
    assert seal("run", *QUICK) == 0, "the same run goes on, here"


def test_only_a_run_on_slurm_can_be_detached(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", "--detach", *QUICK) == 2
    assert "cluster: only a run with cluster=slurm can be detached" in capsys.readouterr().err
    assert seal("run", "--detach", *QUICK, "cluster=slurm", "if_exists=replace") == 2
    assert "if_exists: jobs may be restarted" in capsys.readouterr().err


def test_cancelling_a_run_without_jobs_says_so(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("cancel", str(finished)) == 0
    assert "none of its jobs waits or runs" in capsys.readouterr().out
