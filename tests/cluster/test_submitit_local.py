"""Jobs as processes: what a coordinator promises, without a scheduler."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from seal.launch.cli import main

from seal.base.monitor import Metrics
from seal.cluster import Cluster
from seal.cluster.ledger import DIED, DONE, all_entries
from seal.cluster.workload import Place
from seal.config.loading import load
from seal.errors import RunError
from seal.folder.store import JOBS, Store
from seal.report.spending import spent
from seal.types import Policy, Postponed
from seal.work.fulfilling import in_lab
from seal.work.trying import TryingOut
from seal.work.writing import Proposing
from tests.cluster.runs import (
    CHUNKED,
    Looking,
    cluster_of,
    flip_in_last_line,
    lab_in,
    sleeping,
    times_done,
    wait_until,
)
from tests.cluster.storms import coordinating, coordinator
from tests.conftest import ROOT, records


@pytest.fixture
def cluster() -> Cluster:
    return cluster_of("cluster=submitit_local", "cluster.poll_s=0.1", "cluster.settle_s=0.3", "cluster.threads=1")


def of_jobs(folder: Path) -> list[int]:
    """The processes that submitit was told to start for a folder; those that have ended have no command."""
    of_phases = f"{folder / JOBS}/"
    commands = {process.pid: process.info["cmdline"] or () for process in psutil.process_iter(["cmdline"])}
    return [pid for pid, words in commands.items() if any(word.startswith(of_phases) for word in words)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


def test_results_come_in_the_order_of_the_units_from_several_jobs(cluster: Cluster, tmp_path: Path) -> None:
    assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping()), [1, 5, 3, 2]) == [1, 25, 9, 4]
    assert [(entry.chunk, entry.keys, entry.outcome) for entry in all_entries(tmp_path)] == [
        (0, ("3", "5"), DONE),
        (1, ("1", "2"), DONE),
    ]
    lines = (tmp_path / "squares.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["5", "3", "2", "1"]
    left = {file.name.partition("_0_")[2] or file.name for file in tmp_path.glob("jobs/**/*") if file.is_file()}
    assert left == {"ledger.jsonl", "log.err", "log.out"}


@pytest.mark.slow
def test_what_jobs_paid_and_how_long_they_took_is_told_by_the_run(cluster: Cluster, tmp_path: Path) -> None:
    logged: list[Metrics] = []
    lab = replace(lab_in(tmp_path), log=logged.append)
    cluster.fulfil(in_lab(lab, sleeping(pays=True)), [1, 5, 3, 2])
    assert spent(tmp_path)["n_calls"] == 4
    assert [(line["kind"], line["units"]) for line in logged] == [("squares", 1)] * 4
    assert all(str(line["time"]).startswith("20") for line in logged)


@pytest.mark.slow
def test_a_chunk_that_died_is_submitted_again_and_does_only_what_it_had_not_recorded(
    cluster: Cluster, tmp_path: Path, log: Path
) -> None:
    work = sleeping(deadly_once=(3,), log=log)
    assert cluster.fulfil(in_lab(lab_in(tmp_path), work), [1, 2, 3, 4]) == [1, 4, 9, 16]
    assert times_done(log) == {1: 1, 2: 1, 3: 2, 4: 1}
    assert sorted(str(entry.outcome) for entry in all_entries(tmp_path)) == [DIED, DONE, DONE]


@pytest.mark.slow
def test_jobs_that_die_again_and_again_stop_the_run_and_what_was_recorded_stays(
    cluster: Cluster, tmp_path: Path, log: Path
) -> None:
    with pytest.raises(RunError, match="3 jobs in a row died on the same 1 units") as raised:
        cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(wrong=(1,), log=log)), [1, 2, 3, 4])
    assert "): ValueError: 1 is wrong. The end of " in str(raised.value)
    assert times_done(log) == {1: 4, 2: 1, 3: 1, 4: 1}
    mended = sleeping(log=log)
    assert cluster.fulfil(in_lab(lab_in(tmp_path), mended), [1, 2, 3, 4]) == [1, 4, 9, 16]
    assert times_done(log) == {1: 5, 2: 1, 3: 1, 4: 1}


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_no_outcome_and_counts_as_dead(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="its process was"):
        cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(deadly=(1,))), [1])


@pytest.mark.slow
def test_what_is_postponed_comes_back_and_is_not_recorded(cluster: Cluster, tmp_path: Path) -> None:
    results = cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(silent=(2,))), [1, 2, 3])
    assert results == [1, Postponed(reason="silence"), 9]
    assert Store(tmp_path).records("squares", int).keys() == {"1", "3"}


@pytest.mark.slow
def test_another_cluster_takes_over_what_jobs_recorded(cluster: Cluster, tmp_path: Path, log: Path) -> None:
    with pytest.raises(RunError):
        cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(wrong=(1,))), [1, 2, 3, 4])
    assert not (tmp_path / "squares.jsonl").exists()
    assert cluster_of("cluster=local").fulfil(in_lab(lab_in(tmp_path), sleeping(log=log)), [1, 2, 3, 4]) == [
        1,
        4,
        9,
        16,
    ]
    assert times_done(log) == {1: 1}


@pytest.mark.slow
@pytest.mark.parametrize("nap_s", [0.0, 0.5], ids=["before it is seen", "after it was counted"])
def test_a_record_that_is_damaged_on_the_disk_costs_its_own_unit_and_nothing_else(
    cluster: Cluster, tmp_path: Path, log: Path, nap_s: float
) -> None:
    one = replace(cluster, array_parallelism=1)
    work = sleeping(damaging_once=(1,), nap_s=nap_s, log=log)
    assert one.fulfil(in_lab(lab_in(tmp_path), work), [1, 2, 3]) == [1, 4, 9]
    assert times_done(log) == {1: 1, 2: 2, 3: 1}
    assert Store(tmp_path).records("squares", int) == {"3": 9, "2": 4, "1": 1}
    [aside] = (tmp_path / "damaged").iterdir()
    assert aside.read_bytes().startswith(b'{"key": "2"')


@pytest.mark.slow
def test_another_cluster_lays_aside_what_a_task_left_damaged(cluster: Cluster, tmp_path: Path, log: Path) -> None:
    with pytest.raises(RunError):
        cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(wrong=(1,))), [1, 2, 3, 4])
    flip_in_last_line(max(tmp_path.glob("jobs/*/squares-*.jsonl"), key=lambda file: file.stat().st_size))
    assert cluster_of("cluster=local").fulfil(in_lab(lab_in(tmp_path), sleeping(log=log)), [1, 2, 3, 4]) == [
        1,
        4,
        9,
        16,
    ]
    assert len(times_done(log)) == 2
    assert len(list((tmp_path / "damaged").iterdir())) == 1


@pytest.mark.slow
def test_batches_that_round_together_are_the_same_in_jobs(cluster: Cluster, tmp_path: Path, log: Path) -> None:
    lab = lab_in(tmp_path)
    lab.store.append("squares", {"7": 49, "3": 9, "2": 4}, int)
    work = sleeping(together=True, per_batch=2, log=log)
    assert cluster.fulfil(in_lab(lab, work), [2, 3, 4, 5, 6, 7]) == [4, 9, 16, 25, 36, 49]
    assert times_done(log) == {4: 1, 5: 1, 6: 1, 7: 1}
    assert [json.loads(line)["key"] for line in (tmp_path / "squares.jsonl").read_text().splitlines()] == list("732654")


def test_work_that_only_waits_for_others_is_done_beside_the_run(cluster: Cluster, tmp_path: Path) -> None:
    assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(where=Place.COORDINATOR)), [1, 2]) == [1, 4]
    assert all_entries(tmp_path) == []


def test_whoever_writes_behind_an_endpoint_is_asked_beside_the_run(tmp_path: Path) -> None:
    run, _ = load(["recipe=evaluate", "engine@writer=openai"])
    lab = replace(lab_in(tmp_path), run=run)
    policy = Policy(round=0)
    assert Proposing(policy=policy, title="").place(lab) is Place.COORDINATOR
    assert TryingOut(policy=policy, title="").place(lab) is Place.WORKERS


@pytest.mark.slow
def test_no_process_outlives_a_run_that_is_killed_and_the_same_goes_on(
    cluster: Cluster, tmp_path: Path, log: Path
) -> None:
    settings = ("cluster=submitit_local", "cluster.poll_s=0.1", "cluster.threads=1")
    killed = coordinator(tmp_path, log, nap_s=40, units=[1, 2, 3, 4], settings=settings)
    wait_until(lambda: len(times_done(log)) == 2)
    assert len(of_jobs(tmp_path)) == 4, "two tasks, each with its controller"
    killed.kill()
    killed.wait()
    wait_until(lambda: not of_jobs(tmp_path), patience_s=10)
    killed.communicate()
    assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(log=log)), [1, 2, 3, 4]) == [1, 4, 9, 16]
    assert [entry.reason for entry in all_entries(tmp_path) if entry.outcome == DIED] == [
        "it ended while no coordinator was running"
    ] * 2


@pytest.mark.slow
def test_a_run_that_outlives_its_shell_keeps_its_processes(tmp_path: Path, log: Path) -> None:
    settings = ("cluster=submitit_local", "cluster.poll_s=0.1", "cluster.threads=1")
    script = coordinating(tmp_path, log, nap_s=1.5, units=[1, 2, 3, 4], settings=settings)
    subprocess.run(["sh", "-c", '"$0" -c "$1" &', sys.executable, script], cwd=ROOT, check=True)
    wait_until((tmp_path / "squares.jsonl").exists)
    assert times_done(log) == {1: 1, 2: 1, 3: 1, 4: 1}


@pytest.mark.slow
def test_a_run_has_the_records_of_a_local_one(tmp_path: Path, chunked: Path) -> None:
    assert main(["run", *CHUNKED, f"outputs={tmp_path}", "cluster=submitit_local", "cluster.poll_s=0.1"]) == 0
    assert records(tmp_path / "tiny") == records(chunked)


@pytest.mark.slow
def test_processes_share_out_the_gpus_of_a_machine_and_whoever_learns_has_all(tmp_path: Path) -> None:
    fast = ("cluster=submitit_local", "cluster.poll_s=0.1", "cluster.settle_s=0.3", "cluster.array_parallelism=2")
    both = cluster_of(*fast, "cluster.gpus_here=[4,5,6,7]", "cluster.gpus_per_process=2")
    looking = Looking(policy=Policy(round=0), title="round_0: looking")
    assert sorted(both.fulfil(in_lab(lab_in(tmp_path / "1"), looking), [1, 2])) == [[4, 5], [6, 7]]
    learning = replace(looking, where=Place.LEARNER)
    assert both.fulfil(in_lab(lab_in(tmp_path / "2"), learning), [1]) == [[4, 5, 6, 7]]
    assert cluster_of(*fast).fulfil(in_lab(lab_in(tmp_path / "3"), looking), [1, 2]) == [[], []]


@pytest.mark.parametrize(
    ("gpus", "n_each", "processes", "advice"),
    [
        ("[0,1]", 1, 3, "lower array_parallelism to 2, or gpus_per_process"),
        ("[0]", 2, 1, "lower gpus_per_process to 1"),
    ],
)
def test_more_gpus_than_there_are_is_refused_with_the_setting_to_lower(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str], *, gpus: str, n_each: int, processes: int, advice: str
) -> None:
    settings = {"gpus_here": gpus, "gpus_per_process": n_each, "array_parallelism": processes}
    given = (f"cluster.{name}={value}" for name, value in settings.items())
    assert seal("check", "cluster=submitit_local", *given) == 2
    assert advice in capsys.readouterr().err
