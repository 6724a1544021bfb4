"""The path of a cluster in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import ClassVar

import pytest
from seal.launch.cli import main

from seal.cluster import Cluster
from seal.cluster.batches import batches_of
from seal.cluster.debug import Debug, InProcess
from seal.cluster.jobs import Jobs
from seal.cluster.phase import Phase
from seal.cluster.scheduler import Scheduler
from seal.errors import RunError
from seal.folder.store import CANCEL, JOBS, SPENDING, task_files
from seal.report.spending import spent
from seal.settings import option
from seal.work.fulfilling import in_lab
from seal.work.lab import Lab
from tests.cluster.runs import cluster_of, lab_in, sleeping
from tests.conftest import SMALL, records


@pytest.mark.slow
def test_a_run_has_the_records_of_a_local_one(tmp_path: Path, finished: Path) -> None:
    assert main(["run", *SMALL, f"outputs={tmp_path}", "cluster=debug"]) == 0
    assert records(tmp_path / "tiny") == records(finished)


def test_what_a_job_raises_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 is wrong"):
        cluster_of("cluster=debug").fulfil(in_lab(lab_in(tmp_path), sleeping(wrong=(3,))), [1, 2, 3])


def with_scheduler(scheduler: Scheduler) -> Cluster:
    @option
    class Own(Debug):
        def scheduler(self, lab: Lab, phase: Path) -> Scheduler:
            return scheduler

    debug = cluster_of("cluster=debug", "cluster.settle_s=0.2")
    return Own(**{field.name: getattr(debug, field.name) for field in fields(debug)})


def test_a_job_that_is_still_there_when_all_is_recorded_is_ended(tmp_path: Path) -> None:
    class Requeued(InProcess):
        cancelled: ClassVar[list[str]] = []

        def states(self) -> Mapping[str, str]:
            return {str(number): "PENDING (BeginTime)" for number in range(len(self.outcomes))}

        def outcome(self, job: str) -> None:
            return None

        def cancel(self, jobs: Sequence[str]) -> None:
            self.cancelled.extend(jobs)

    assert with_scheduler(Requeued()).fulfil(in_lab(lab_in(tmp_path), sleeping()), [1]) == [1]
    assert Requeued.cancelled == ["0"]


@pytest.mark.timeout(30)
def test_whoever_waits_for_a_silent_scheduler_heeds_that_the_run_is_cancelled(tmp_path: Path) -> None:
    class NeverAnswers(InProcess):
        def states(self) -> Mapping[str, str]:
            (tmp_path / JOBS / CANCEL).touch()
            return None

    with pytest.raises(RunError, match="`seal cancel` has ended the run"):
        with_scheduler(NeverAnswers()).fulfil(in_lab(lab_in(tmp_path), sleeping()), [1, 2])


def test_what_a_task_paid_is_booked_once_though_the_coordinator_is_killed_while_it_books(tmp_path: Path) -> None:
    cluster, work = cluster_of("cluster=debug"), in_lab(lab_in(tmp_path), sleeping(pays=True))
    assert isinstance(cluster, Jobs)
    coordinator = Phase(cluster, work, batches_of(work, [1, 2, 3]))
    coordinator.finish()
    left = {file: file.read_bytes() for file in task_files(tmp_path, SPENDING)}
    coordinator.tidy()
    assert spent(tmp_path)["n_calls"] == 3
    for file, content in left.items():  # as if it had been killed before it could delete them, while writing the last
        file.write_bytes(content)
    whole = (tmp_path / "spending.jsonl").read_bytes()
    (tmp_path / "spending.jsonl").write_bytes(whole[:-5])
    assert spent(tmp_path)["n_calls"] == 3
    coordinator.tidy()
    assert (tmp_path / "spending.jsonl").read_bytes() == whole
    assert not task_files(tmp_path, SPENDING)


def test_a_scheduler_that_does_not_answer_is_waited_for_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([None, None])
    monkeypatch.setattr(InProcess, "states", lambda _: next(answers, {}))
    monkeypatch.setattr("seal.cluster.phase.SILENCE_S", 0.0)
    assert cluster_of("cluster=debug", "cluster.poll_s=0.1").fulfil(in_lab(lab_in(tmp_path), sleeping()), [1, 2]) == [
        1,
        4,
    ]
    assert caplog.messages == ["round_0: sleeping: the scheduler does not answer; waiting"] * 2
