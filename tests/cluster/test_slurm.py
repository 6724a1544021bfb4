"""A real SLURM: the records of a local run, whatever happens to jobs, nodes and coordinator."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from seal.launch.cli import main

from seal.cluster import Cluster
from seal.cluster.ledger import DIED, all_entries
from seal.errors import RunError
from seal.work.fulfilling import in_lab
from tests.cluster.runs import CHUNKED, cluster_of, lab_in, sleeping, times_done, wait_until
from tests.cluster.storms import PREEMPTIBLE, PREEMPTING, SLURM, coordinator, running, storm
from tests.conftest import records
from tests.slurm import SlurmCluster

pytestmark = pytest.mark.cluster
UNITS = list(range(1, 13))
SQUARES = [unit * unit for unit in UNITS]


@pytest.fixture
def cluster(slurm: SlurmCluster) -> Cluster:
    return cluster_of(*SLURM)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


@contextmanager
def disturbed(disturb: Callable[[], Any]) -> Iterator[None]:
    """Do something to the cluster meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        striking = pool.submit(disturb)
        yield
        striking.result()


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_a_run_has_the_records_of_a_local_one(slurm: SlurmCluster, tmp_path: Path, chunked: Path, n_jobs: int) -> None:
    assert main(["run", *CHUNKED, f"outputs={tmp_path}", *SLURM, f"cluster.array_parallelism={n_jobs}"]) == 0
    assert records(tmp_path / "tiny") == records(chunked)
    assert n_jobs == 1 or any("_" in entry.job for entry in all_entries(tmp_path / "tiny")), "no phase was an array"


@pytest.mark.parametrize(
    "blow",
    [("scontrol", "requeue"), ("scancel", "--signal=USR2"), ("scancel", "--signal=KILL"), ("scancel",)],
    ids=" ".join,
)
def test_a_job_that_is_requeued_told_to_go_killed_or_cancelled_loses_no_record(
    cluster: Cluster, slurm: SlurmCluster, tmp_path: Path, log: Path, blow: tuple[str, ...]
) -> None:
    def strike() -> None:
        wait_until(lambda: len(times_done(log)) >= 4)
        slurm.call(*blow, running(tmp_path)[0])

    with disturbed(strike):
        assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(nap_s=0.5, log=log)), UNITS) == SQUARES
    assert sum(times_done(log).values()) <= len(UNITS) + 1, "only what was under way is done again"


def test_jobs_of_a_node_that_disappears_go_on_elsewhere(
    cluster: Cluster, slurm: SlurmCluster, tmp_path: Path, log: Path
) -> None:
    def strike() -> None:
        wait_until(lambda: len(times_done(log)) >= 4)
        node = slurm.call("squeue", "--noheader", "--states=RUNNING", "--format=%N").splitlines()[0]
        slurm.call("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        # A node may also come back by itself, where its daemon registers first; then nothing is left to resume.
        wait_until(lambda: resumed(node) or "down" not in slurm.states()[node])

    def resumed(node: str) -> bool:
        return slurm.ask("scontrol", "update", f"nodename={node}", "state=resume") is not None

    with disturbed(strike):
        assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(nap_s=0.5, log=log)), UNITS) == SQUARES
    assert sum(times_done(log).values()) <= len(UNITS) + 2


def test_a_controller_that_is_away_is_waited_for(
    cluster: Cluster, slurm: SlurmCluster, tmp_path: Path, log: Path
) -> None:
    def strike() -> None:
        wait_until(lambda: len(times_done(log)) >= 4)
        slurm.restart_controller(away_s=3)

    with disturbed(strike):
        assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(nap_s=0.5, log=log)), UNITS) == SQUARES
    assert times_done(log) == dict.fromkeys(UNITS, 1)


def test_a_preempted_job_goes_on_when_there_is_room(slurm: SlurmCluster, tmp_path: Path, log: Path) -> None:
    def strike() -> None:
        wait_until(lambda: len(times_done(log)) >= 4)
        slurm.call(*PREEMPTING)

    with disturbed(strike):
        assert cluster_of(*PREEMPTIBLE).fulfil(in_lab(lab_in(tmp_path), sleeping(nap_s=0.5, log=log)), UNITS) == SQUARES
    assert sum(times_done(log).values()) <= len(UNITS) + 2
    assert not [entry for entry in all_entries(tmp_path) if entry.outcome == DIED], "it was requeued, it did not die"


def test_a_second_coordinator_finds_the_jobs_of_a_killed_one(
    cluster: Cluster, slurm: SlurmCluster, tmp_path: Path, log: Path
) -> None:
    first = coordinator(tmp_path, log, nap_s=0.5, units=UNITS)
    wait_until(lambda: len(times_done(log)) >= 4)
    first.kill()
    first.communicate()
    assert cluster.fulfil(in_lab(lab_in(tmp_path), sleeping(nap_s=0.5, log=log)), UNITS) == SQUARES
    assert times_done(log) == dict.fromkeys(UNITS, 1)
    assert len(all_entries(tmp_path)) == 2


@pytest.mark.parametrize("accounting", [True, False])
def test_jobs_that_die_again_and_again_stop_the_run_with_what_slurm_says(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accounting: bool
) -> None:
    if not accounting:
        own = (slurm.root / "slurm.conf").read_text().replace("accounting_storage/slurmdbd", "accounting_storage/none")
        (slurm.root / "unaccounted.conf").write_text(own)
        monkeypatch.setenv("SLURM_CONF", str(slurm.root / "unaccounted.conf"))
    why = r": FAILED \(exit code 9:0, on n\d\)" if accounting else "there is no accounting"
    with pytest.raises(RunError, match=why):
        cluster_of(*SLURM, "cluster.max_deaths=1", "cluster.settle_s=1").fulfil(
            in_lab(lab_in(tmp_path), sleeping(deadly=(1,))), [1]
        )


def test_what_slurm_refuses_stops_the_run_with_its_words(slurm: SlurmCluster, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="invalid partition specified: nowhere"):
        cluster_of(*SLURM, "cluster.workers.partition=nowhere").fulfil(in_lab(lab_in(tmp_path), sleeping()), [1])


def test_jobs_get_what_was_asked_for(slurm: SlurmCluster, tmp_path: Path) -> None:
    container = f"env PATH={Path(sys.executable).parent}:$PATH"  # stands for a real one: something before `python`
    asked = (
        "cluster.workers.partition=gpu",
        "cluster.workers.gpus=1",
        "cluster.setup=['export GREETING=hello']",
        f"cluster.container='{container}'",
        "cluster.srun_arguments=[--quiet]",
    )
    cluster_of(*SLURM, *asked).fulfil(in_lab(lab_in(tmp_path), sleeping()), [1])
    [script] = [file.read_text() for file in tmp_path.glob("jobs/*/slurm/*_submission.sh")]
    for line in ("--partition=gpu", "--gpus-per-node=1", "--cpus-per-task=1", "--mem=1024MB", "--time=60"):
        assert f"#SBATCH {line}\n" in script
    assert "\nexport GREETING=hello\n" in script
    assert f"{container} python -u -m submitit.core._submit" in script
    assert " --quiet " in script


def test_whatever_happens_at_random_every_unit_ends_with_one_record(slurm: SlurmCluster, tmp_path: Path) -> None:
    found = storm(slurm, tmp_path, Random(0))
    assert found.same
    assert found.blows.total() >= 3
