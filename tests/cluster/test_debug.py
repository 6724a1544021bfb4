"""The path of a cluster in this process."""

from pathlib import Path

import pytest
from seal.launch.cli import main

from seal.cluster.debug import InProcess
from tests.cluster.runs import cluster_of, lab_in, sleeping
from tests.conftest import SMALL, records


@pytest.mark.slow
def test_a_run_has_the_records_of_a_local_one(tmp_path: Path, finished: Path) -> None:
    assert main(["run", *SMALL, f"outputs={tmp_path}", "cluster=debug"]) == 0
    assert records(tmp_path / "tiny") == records(finished)


def test_what_a_job_raises_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 is wrong"):
        cluster_of("cluster=debug").fulfil(lab_in(tmp_path), sleeping(wrong=(3,)), [1, 2, 3])


def test_a_scheduler_that_does_not_answer_is_waited_for_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([None, None])
    monkeypatch.setattr(InProcess, "states", lambda _: next(answers, {}))
    monkeypatch.setattr("seal.cluster.phase.SILENCE_S", 0.0)
    assert cluster_of("cluster=debug", "cluster.poll_s=0.1").fulfil(lab_in(tmp_path), sleeping(), [1, 2]) == [1, 4]
    assert caplog.messages == ["round_0: sleeping: the scheduler does not say what becomes of the jobs; waiting"] * 2
