"""The cluster that the other tests run on is a real one."""

import time
from pathlib import Path

import pytest

from tests.slurm import NODES, SlurmCluster

pytestmark = pytest.mark.cluster


def test_three_nodes_run_jobs_with_gpus_and_account_for_them(slurm: SlurmCluster, tmp_path: Path) -> None:
    assert set(slurm.states()) == set(NODES)
    said = tmp_path / "said"
    job = slurm.call(
        "sbatch", "--parsable", "--gpus=2", f"--output={said}", "--wrap=echo $CUDA_VISIBLE_DEVICES"
    ).strip()
    assert slurm.quiet()
    assert said.read_text() == "0,1\n"
    until = time.monotonic() + 20
    while "COMPLETED" not in slurm.call("sacct", "-n", "-X", "-j", job, "-o", "State") and time.monotonic() < until:
        time.sleep(0.2)
    assert "COMPLETED" in slurm.call("sacct", "-n", "-X", "-j", job, "-o", "State")


def test_a_cluster_whose_daemon_died_is_not_well_until_it_is_a_new_one(slurm: SlurmCluster) -> None:
    slurm.daemons["slurmctld"].kill()
    slurm.daemons["slurmctld"].wait()
    assert not slurm.is_well()
    assert slurm.dead() == ["slurmctld"]
    slurm.stop()
    slurm.start()
    assert slurm.is_well()
