"""Sweeps, here and as jobs: every outcome is collected, and a second call runs what has not succeeded."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from seal.cluster.slurm_queue import job_name, queued
from seal.session.run_folder import holder
from tests.cluster.runs import commands_that, wait_until
from tests.conftest import MATCHED, ROOT, SMALL
from tests.slurm import SlurmCluster

QUICK = (*SMALL, "recipe.rounds=0", "recipe.held_out_contexts=1", "name=seeds")
HERE, LOCAL = ("hydra/launcher=basic",), ("hydra/launcher=submitit_local",)
SLURM = (
    "hydra/launcher=slurm_cpu",
    "hydra.launcher.mem_gb=2",
    "hydra.launcher.partition=all",
    "hydra.launcher.cpus_per_task=1",
)
LONGER = (*SLURM, MATCHED, "recipe.held_out_contexts=3", "inner.epochs=40")
"""Points that are still at work when somebody ends them."""
SWEEP = Path("outputs/seeds")


def command(*overrides: str) -> Sequence[str]:
    return [sys.executable, "-m", "seal.launch.cli", "run", "-m", *QUICK, *overrides]


def sweep(folder: Path, *overrides: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **variables}
    return subprocess.run(command(*overrides), cwd=folder, env=environment, capture_output=True, text=True, check=False)


def outcomes(folder: Path) -> dict[str, bool]:
    """Whether each point succeeded."""
    found = json.loads((folder / SWEEP / "sweep.json").read_text())
    return {name: outcome["failed"] is None for name, outcome in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [HERE, LOCAL])
def test_a_point_that_fails_does_not_hide_the_others_and_a_rerun_leaves_them_alone(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    swept = ("model.attention=flash_attention_2,sdpa", "seed=0,1")
    first = sweep(tmp_path, *launcher, *swept)
    assert first.returncode == 1
    assert "2 of 4 points failed; the same command tries them again:" in first.stderr
    [told, _] = [line for line in first.stderr.splitlines() if line.startswith("  model.attention=")]
    assert told.startswith(
        "  model.attention=flash_attention_2,seed=0: model.attention: flash_attention_2 cannot be used"
    )
    assert "Traceback" not in first.stderr
    assert outcomes(tmp_path) == {
        "model.attention=sdpa,seed=0": True,
        "model.attention=sdpa,seed=1": True,
        "model.attention=flash_attention_2,seed=0": False,
        "model.attention=flash_attention_2,seed=1": False,
    }
    assert "2 of 4 points are done already" in sweep(tmp_path, *launcher, *swept).stderr
    other = sweep(tmp_path, *launcher, "inner.epochs=4", *swept)
    assert other.returncode == 2
    assert "inner.epochs: 3 there, 4 now" in other.stderr


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [HERE, LOCAL])
def test_a_fault_of_ours_in_one_point_is_its_outcome_and_the_others_go_on(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    graders = "grader._target_=tests.launch.faulty.Dividing,seal.grader.exact.Exact"
    done = sweep(tmp_path, *launcher, graders, PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert "  grader._target_=tests.launch.faulty.Dividing: ZeroDivisionError: all by nothing" in done.stderr
    assert list(outcomes(tmp_path).values()) == [False, True]
    if launcher == HERE:
        assert "in grade" in done.stderr, "whoever mends it needs to know where it broke"


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [HERE, LOCAL])
@pytest.mark.parametrize(
    ("grader", "variable"), [("Telling", "OPENAI_API_KEY"), ("Telling", "JUDGE"), ("Refusing", "JUDGE")]
)
def test_what_a_point_dies_of_is_told_without_keys(
    tmp_path: Path, launcher: tuple[str, ...], grader: str, variable: str
) -> None:
    key = "planted-Xk29fLq81vTz"
    telling = (f"grader._target_=tests.launch.faulty.{grader}", f"+grader.key_variable={variable}")
    done = sweep(tmp_path, *launcher, *telling, PYTHONPATH=str(ROOT), **{variable: key})
    assert done.returncode == 1
    assert "nothing can be graded" in done.stderr
    written = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert any(b"nothing can be graded" in content for content in written.values())
    assert [file for file, content in written.items() if key.encode() in content] == []
    assert key not in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [HERE, LOCAL])
def test_an_interrupted_point_is_gone_on_with_by_the_command_that_status_prints(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    whole = ("recipe.rounds=1", "recipe.held_out_contexts=null")
    process = subprocess.Popen(
        command(*launcher, *whole, "inner.rank=2,4"), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    point = tmp_path / SWEEP / "inner.rank=2"
    wait_until(lambda: sum(file.read_bytes().count(b"\n") for file in point.glob("*s.jsonl")) > 12)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 130
    assert not (point / "results.json").exists()
    wait_until(lambda: holder(point) is None)
    seal = [sys.executable, "-m", "seal.launch.cli"]
    said = subprocess.run(
        [*seal, "status", str(point)], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    typed = shlex.split(said.partition("this command resumes it:\n")[2].splitlines()[0])
    assert typed[:2] == ["seal", "run"]
    assert [word for word in typed if word.startswith("name=")] == ['name="seeds/inner.rank=2"']
    before = (point / "self_edits.jsonl").read_bytes()
    done = subprocess.run([*seal, *typed[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "goes on from its records" in done.stderr
    assert (point / "self_edits.jsonl").read_bytes().startswith(before)
    assert (point / "results.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("before", [(), ("env", "--ignore-signal=INT")], ids=["", "in a script's background"])
@pytest.mark.parametrize("launcher", [HERE, LOCAL])
def test_an_interrupted_sweep_says_what_becomes_of_the_jobs_of_its_points(
    tmp_path: Path, launcher: tuple[str, ...], before: tuple[str, ...]
) -> None:
    (tmp_path / "bin").mkdir()
    answers = commands_that(
        tmp_path / "bin", srun="", sbatch="echo Submitted batch job 7", squeue="echo '7|RUNNING|None'", scancel=""
    )
    process = subprocess.Popen(
        [*before, *command(*launcher, "cluster=slurm", "cluster.poll_s=0.1", "seed=0,1")],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{answers}:{os.environ['PATH']}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(list(tmp_path.glob("outputs/seeds/seed=0/jobs/*/ledger.jsonl"))) > 0)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "1 jobs go on" in said
    assert "`seal cancel outputs/seeds/seed=0`" in said


@pytest.mark.parametrize(
    ("commands", "code", "answer"),
    [
        ({"srun": ""}, 2, "hydra/launcher: there is no SLURM on this machine (no sbatch, squeue, scancel)"),
        ({"squeue": "exit 1"}, 1, "SLURM does not answer (squeue)"),
        (
            {"squeue": "echo '12_0|RUNNING|None'; echo '12_1|PENDING|Resources'"},
            2,
            "name: 2 jobs of outputs/seeds wait or run already (12_0, 12_1): wait for them, or end them with `scancel",
        ),
        ({"sbatch": "echo 'Invalid account' >&2; exit 1"}, 1, "SLURM refuses the job: Invalid account"),
    ],
)
def test_what_slurm_lacks_or_refuses_is_said_before_or_instead_of_jobs(
    seal: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    commands: dict[str, str],
    code: int,
    answer: str,
) -> None:
    (tmp_path / "bin").mkdir()
    others = {} if "srun" in commands else dict.fromkeys(("srun", "sbatch", "squeue", "scancel"), "")
    monkeypatch.setenv("PATH", commands_that(tmp_path / "bin", **{**others, **commands}))
    assert seal("run", "-m", *QUICK, *SLURM, "seed=0,1") == code
    assert answer in capsys.readouterr().err
    assert not list(Path().glob("outputs/seeds/*/manifest.json"))


def test_jobs_that_may_be_started_again_do_not_replace_runs(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", "-m", *QUICK, *LOCAL, "if_exists=replace", "seed=0,1") == 2
    assert "if_exists: jobs may be restarted" in capsys.readouterr().err


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
def test_of_twelve_points_on_slurm_four_fail_and_the_same_command_submits_those_alone(
    slurm: SlurmCluster, tmp_path: Path
) -> None:
    swept = ("model.attention=flash_attention_2,sdpa,eager", "seed=0,1,2,3")
    assert sweep(tmp_path, *SLURM, *swept).returncode == 1
    first = outcomes(tmp_path)
    assert {name for name, succeeded in first.items() if not succeeded} == {
        f"model.attention=flash_attention_2,seed={seed}" for seed in range(4)
    }
    assert len(first) == 12
    logs = set((tmp_path / SWEEP).rglob("*_log.out"))
    again = sweep(tmp_path, *SLURM, *swept)
    assert "8 of 12 points are done already" in again.stderr
    assert "4 of 12 points failed" in again.stderr
    assert len(set((tmp_path / SWEEP).rglob("*_log.out")) - logs) == 4
    assert outcomes(tmp_path) == first


@pytest.mark.cluster
@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_sweep_leaves_no_job(slurm: SlurmCluster, tmp_path: Path, with_signal: int) -> None:
    process = subprocess.Popen(command(*LONGER, "seed=0,1"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    wait_for_running(job_name(tmp_path / SWEEP), 2)
    process.send_signal(with_signal)
    process.communicate()
    assert process.returncode == 130
    assert slurm.quiet(patience_s=20)


@pytest.mark.cluster
def test_jobs_of_a_sweep_that_was_killed_are_not_submitted_twice(slurm: SlurmCluster, tmp_path: Path) -> None:
    first = subprocess.Popen(command(*LONGER, "seed=0,1"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    jobs = wait_for_running(job_name(tmp_path / SWEEP), 2)
    first.kill()
    first.communicate()
    again = sweep(tmp_path, *LONGER, "seed=0,1")
    assert again.returncode == 2
    assert f"2 jobs of outputs/seeds wait or run already ({', '.join(jobs)})" in again.stderr
    assert slurm.quiet()
    assert "2 of 2 points are done already" in sweep(tmp_path, *LONGER, "seed=0,1").stderr


@pytest.mark.cluster
def test_what_slurm_refuses_is_told_in_its_words(slurm: SlurmCluster, tmp_path: Path) -> None:
    done = sweep(tmp_path, *SLURM, "hydra.launcher.partition=nowhere", "seed=0,1")
    assert done.returncode == 1
    assert "SLURM refuses the job: " in done.stderr
    assert "invalid partition specified: nowhere" in done.stderr
    assert "Traceback" not in done.stderr
