"""The path of a cluster in this process."""

from pathlib import Path

import pytest
from seal.launch.cli import main

from tests.cluster.runs import cluster_of, lab_in, sleeping
from tests.conftest import SMALL, records


def test_a_run_has_the_records_of_a_local_one(tmp_path: Path, finished: Path) -> None:
    assert main(["run", *SMALL, f"outputs={tmp_path}", "cluster=debug"]) == 0
    assert records(tmp_path / "tiny") == records(finished)


def test_what_a_job_raises_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 is wrong"):
        cluster_of("cluster=debug").fulfil(lab_in(tmp_path), sleeping(wrong=(3,)), [1, 2, 3])
