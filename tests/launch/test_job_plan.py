"""What `seal check cluster=slurm` says, on any machine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MATCHED, SMALL

SLURM = (*SMALL, MATCHED, "cluster=slurm", "inner.parallel=1", "engine.prompts_per_batch=2")


def test_check_prints_what_sbatch_would_be_told(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("cluster.workers.partition=gpu", "cluster.workers.qos=long", "+cluster.workers.more.exclude=node7")
    assert seal("check", *SLURM, *asked) == 0
    said = capsys.readouterr().out
    for directive in ("--partition=gpu", "--qos=long", "--exclude=node7", "--gpus-per-node=1", "--array=0-7%8"):
        assert f"#SBATCH {directive}\n" in said
    assert "the time per unit is unknown" in said
    assert not Path("outputs").exists()


def test_with_a_rate_there_are_gpu_hours(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    rate = ("cluster.seconds_per_unit=90", "cluster.workers.gpus=2", "cluster.chunk_minutes=10")
    assert seal("check", *SLURM, *rate, "--json") == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    edits, answers = jobs["work"]
    assert (edits["units"], edits["units_per_batch"], edits["jobs_at_once"]) == (14, 2, 7)
    assert (edits["jobs_at_least"], edits["jobs_at_most"]) == (7, 7)
    assert answers["units"] == 36
    assert jobs["gpu_hours"] == round((14 + 36) * 90 * 2 / 3600, 2)
    assert jobs["learner_jobs"] == 1


def test_jobs_are_as_many_as_run_at_once_or_more_where_each_would_take_too_long(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    few = (*SLURM, "cluster.array_parallelism=2", "cluster.seconds_per_unit=60")
    for chunk_minutes, at_least in ((60, 2), (4, 4), (1, 7)):
        assert seal("check", *few, f"cluster.chunk_minutes={chunk_minutes}", "--json") == 0
        edits = json.loads(capsys.readouterr().out)["jobs"]["work"][0]
        assert (edits["jobs_at_once"], edits["jobs_at_least"], edits["jobs_at_most"]) == (2, at_least, 7)
    assert seal("check", *few) == 0
    said = capsys.readouterr().out
    assert "up to 2 jobs at once, 2 to 7 jobs in total" in " ".join(said.split())
    assert "A job of the coordinator (with --detach) would ask for:" in said


def test_what_a_served_writer_does_takes_no_jobs(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    served = ("recipe=evaluate", "task.n_train=4", "task.n_held_out=4", "cluster=slurm", "cluster.seconds_per_unit=60")
    assert seal("check", *served, "engine@writer=openai", "--json") == 0
    edits, answers = json.loads(capsys.readouterr().out)["jobs"]["work"]
    assert edits["units"] == 0
    assert answers["units"] > 0


@pytest.mark.parametrize("recipe", ["corpus", "continual"])
def test_trainings_on_everything_are_jobs_of_the_learner(
    recipe: str, seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", f"experiment=tiny_{recipe}", "cluster=slurm", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["jobs"]["learner_jobs"] == facts["plan"]["inner_updates"] > 0


def test_the_rate_is_that_of_the_run_in_the_folder(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", *SLURM, f"outputs={finished.parent}", "--json") == 0
    assert json.loads(capsys.readouterr().out)["jobs"]["gpu_hours"] is not None


def test_a_local_run_plans_no_jobs(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *SMALL, MATCHED, "--json") == 0
    assert json.loads(capsys.readouterr().out)["jobs"] is None
