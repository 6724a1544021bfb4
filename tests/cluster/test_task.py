"""What one job does, and how it says that it cannot."""

import pickle
from pathlib import Path

import pytest

from seal.cluster.task import ChunkTask, pack
from seal.config.loading import load
from seal.errors import RunError
from seal.folder.store import JOBS
from seal.work.fulfilling import in_lab
from tests.cluster.runs import lab_in, sleeping


def test_an_error_leaves_a_job_as_its_traceback_without_the_keys_of_the_run_s_endpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE", "1 is wrong")  # what the work will say
    lab = lab_in(tmp_path)
    lab.run = load(["recipe=evaluate", "grader=judge", "grader.endpoint.key_variable=JUDGE"])[0]
    (tmp_path / JOBS / "phase").mkdir(parents=True)
    pack(tmp_path / JOBS / "phase", in_lab(lab, sleeping(wrong=(1,))))
    task = ChunkTask(run_folder=tmp_path, phase="phase", chunk=0, units=(1,), threads=None)
    with pytest.raises(RunError, match=r"\n  File \"(.*\n)*ValueError: \*\*\*$") as raised:
        pickle.loads(pickle.dumps(task))()
    assert raised.value.__suppress_context__, "nobody prints the error itself beside it"
    with pytest.raises(ValueError, match="1 is wrong"):
        task.here()
