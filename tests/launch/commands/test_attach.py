"""Following a run that another process works on: it only reads."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest
from seal.launch.commands.attach import LOOK_S, PATIENCE_S, News

from seal.cluster.ledger import DIED, all_entries
from seal.folder.store import append_lines
from seal.session.run_folder import holder
from tests.cluster.runs import commands_that
from tests.cluster.storms import running
from tests.cluster.test_slurm import disturbed
from tests.conftest import SMALL, records
from tests.launch.test_jobs import ON_SLURM, QUICK, RUN, hear_interrupts
from tests.slurm import SlurmCluster

Seal = Callable[..., int]
CLI = [sys.executable, "-m", "seal.launch.cli"]


def begin(folder: Path, *overrides: str) -> "subprocess.Popen[bytes]":
    """A run in a process of its own that is at work in its folder."""
    process = subprocess.Popen([*CLI, "run", *SMALL, *overrides], cwd=folder, stdout=-3, stderr=-3)
    until = time.monotonic() + 60
    while not (holder(folder / RUN) and (folder / RUN / "progress.json").exists()):
        assert process.poll() is None, "it ended"
        assert time.monotonic() < until, "it did not begin"
        time.sleep(0.05)
    return process


@pytest.mark.slow
def test_a_run_of_another_process_is_followed_to_its_summary_and_left_as_it_is(
    seal: Seal, tmp_path: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = begin(tmp_path)
    assert seal("status", "tiny") == 0
    status = capsys.readouterr().out
    assert f"process {process.pid} on " in status
    assert "the whole run: " in status
    assert seal("attach", "tiny") == 0
    said = capsys.readouterr()
    assert f"outputs/tiny: process {process.pid} on " in said.err
    assert "%  round_" in said.err
    assert "accuracy/base: " in said.err
    assert "paired differences" in said.out
    assert "report/index.html" in said.out
    process.wait()
    assert records(RUN) == records(finished)


@pytest.mark.slow
def test_ctrl_c_only_stops_following_and_a_run_that_is_killed_meanwhile_is_told_so(tmp_path: Path) -> None:
    process = begin(tmp_path)
    watching = subprocess.Popen(
        [*CLI, "attach", "tiny"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,  # noqa: PLW1509  # this process has no other threads
    )
    assert watching.stderr
    first = watching.stderr.readline()
    assert "process" in first
    os.kill(watching.pid, signal.SIGINT)
    _, said = watching.communicate()
    assert watching.returncode == 130
    assert "no longer following outputs/tiny; the run goes on: `seal attach tiny` follows it again" in said
    assert process.poll() is None
    process.kill()
    process.wait()
    after = subprocess.run([*CLI, "attach", "tiny"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert after.returncode == 1
    assert "nobody works on outputs/tiny" in after.stderr
    assert "the same command goes on from there" in after.stderr


def test_a_run_that_is_done_is_summed_up_at_once(
    seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("attach", str(finished)) == 0
    assert "paired differences" in capsys.readouterr().out


def test_news_are_of_whole_lines_that_say_what_they_should(left_to_jobs: Path) -> None:
    news = News(left_to_jobs)
    now = '{"time": "2026-01-01T00:00:00+00:00"'
    more = ['"died": "of age"', '"reward/mean": "high"', '"reward/mean": 0.5', '"job": "7_0", "died": "of age"']
    append_lines(left_to_jobs / "metrics.jsonl", ["\0\n", "[]\n", *(f"{now}, {each}}}\n" for each in more), "{"])
    assert list(news.lines()) == [
        "reward/mean: 0.500",
        "job 7_0 died: of age; its unrecorded work is submitted again",
    ]
    append_lines(left_to_jobs / "metrics.jsonl", [f'{now}, "accuracy/base": 0.25}}\n'])
    assert list(news.lines()) == ["accuracy/base: 0.250"]


@pytest.mark.slow
@pytest.mark.usefixtures("silence")
def test_a_run_is_not_given_up_while_slurm_is_silent(
    seal: Seal, left_to_jobs: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = Timer(PATIENCE_S + 3 * LOOK_S, lambda: shutil.copy(finished / "results.json", left_to_jobs))
    later.start()
    assert seal("attach", "tiny") == 0
    said = capsys.readouterr()
    assert "outputs/tiny: SLURM does not answer: " in said.err
    assert "paired differences" in said.out


@pytest.mark.slow
def test_of_a_run_that_nobody_works_on_the_end_of_the_last_log_is_told_without_the_keys_of_its_endpoints(
    seal: Seal, left_to_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", commands_that(tmp_path / "bin", squeue="", sacct="exit 1"))
    monkeypatch.setenv("JUDGE", "planted-Xk29fLq81vTz")
    there = json.loads((left_to_jobs / "manifest.json").read_text())
    there["settings"]["grader"]["endpoint"] = {"key_variable": "JUDGE"}
    (left_to_jobs / "manifest.json").write_text(json.dumps(there))
    logs = left_to_jobs / "jobs/coordinator"
    logs.mkdir()
    (logs / "7_submission.sh").touch()
    (logs / "7_0_log.err").write_text("the judge refuses planted-Xk29fLq81vTz\n")
    assert seal("attach", "tiny") == 1
    said = capsys.readouterr().err
    assert "Job 7 coordinated it" in said
    assert "the judge refuses ***" in said


@pytest.mark.cluster
def test_a_detached_run_is_followed_from_before_its_job_has_begun_through_a_death_to_the_records_of_a_local_one(
    slurm: SlurmCluster, seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    def strike() -> None:
        time.sleep(2)  # attach has seen the job wait by then
        slurm.call("scancel", blocker)
        until = time.monotonic() + 60
        while not (workers := running(RUN)):
            assert time.monotonic() < until, "no job came"
            time.sleep(0.1)
        slurm.call("scancel", "--signal=KILL", "--full", workers[0])

    wide = ("--parsable", "--exclusive", "--nodes=2", "--output=/dev/null")
    blocker = slurm.call("sbatch", *wide, "--wrap=sleep 300").strip()
    on_gpu = (*ON_SLURM, "cluster.workers.gpus=1", "cluster.settle_s=1")
    assert seal("run", "--detach", *on_gpu) == 0
    assert seal("run", "--detach", *on_gpu) == 2, "one coordinates already"
    assert seal("status", "tiny") == 0
    assert "PENDING" in capsys.readouterr().out
    with disturbed(strike):
        assert seal("attach", "tiny") == 0
    said = capsys.readouterr()
    assert "jobs: 1 PENDING" in said.err
    assert "round_0: writing self-edits" in said.err
    [reason] = [entry.reason for entry in all_entries(RUN) if entry.outcome == DIED]
    assert f" died: {reason}" in said.err
    assert "report/index.html" in said.out
    assert seal("status", "tiny") == 0
    status = capsys.readouterr().out
    assert f"died 1 times: {reason}" in status
    assert "GPU hours of work" in status
    assert seal("run", *QUICK, "name=local") == 0
    assert records(RUN) == records(Path("outputs/local"))
