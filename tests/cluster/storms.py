"""What docs/cluster.md says of a cluster, measured again, on a real SLURM of this machine.

    python -m tests.cluster.storms storms 20        so many storms; exit code 1 if one ends with other records
    python -m tests.cluster.storms storms 1 --seed 7    the storm of that seed
    python -m tests.cluster.storms scaling 8 16     so many jobs at once, for units that sleep for a second
    python -m tests.cluster.storms sameness 1 2 4   the small run of the tests with so many jobs at once, and with none
    python -m tests.cluster.storms status 100000    the time of `seal status` with so many records in a running phase

All but `status` need root and SLURM's programs, which `make test-cluster` installs on Debian.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table
from seal.launch.cli import main

from seal.cluster.ledger import DIED, DONE, Ledger, all_entries
from seal.cluster.slurm_queue import job_name, queued
from seal.folder.record_lines import to_line
from seal.folder.store import JOBS, MANIFEST
from seal.work.fulfilling import in_lab
from tests.cluster.runs import CHUNKED, cluster_of, commands_that, lab_in, sleeping, times_done, wait_until
from tests.conftest import ROOT, records
from tests.slurm import SlurmCluster, why_not

ON_JOBS = (
    "cluster=slurm",
    "cluster.workers.cpus=1",
    "cluster.workers.memory_gb=1",
    "cluster.array_parallelism=2",
    "cluster.poll_s=0.3",
    "cluster.settle_s=3",
)
SLURM = (*ON_JOBS, "cluster.workers.gpus=0", "cluster.workers.partition=all")
PREEMPTIBLE = (*ON_JOBS, "cluster.workers.gpus=2", "cluster.workers.partition=low")
"""Two jobs that fill all GPUs, and make room for any other."""
NAP_S = 0.4
UNITS = list(range(1, 25))
OF_JOBS = {
    "requeue": ("scontrol", "requeue"),
    "USR2": ("scancel", "--signal=USR2"),
    "SIGKILL": ("scancel", "--signal=KILL"),
    "cancel": ("scancel",),
}
PREEMPTION = "preemption"
OF_COORDINATORS = ("coordinator SIGKILL", "coordinator SIGINT")
PREEMPTING = ("sbatch", "--partition=gpu", "--gpus-per-node=2", "--nodes=2", "--output=/dev/null", "--wrap=sleep 1")


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What became of one."""

    blows: Counter[str]
    coordinators: int
    jobs: int
    died: int
    again: int
    """Doings of units beyond the first."""
    seconds: float
    same: bool
    """Whether its records are those of an undisturbed run."""


def running(folder: Path) -> list[str]:
    return [job for job, state in (queued(job_name(folder)) or {}).items() if state == "RUNNING"]


def coordinator(
    folder: Path, log: Path, nap_s: float, *, units: Sequence[int], settings: Sequence[str] = SLURM
) -> "subprocess.Popen[bytes]":
    """A process that coordinates units that sleep."""
    script = coordinating(folder, log, nap_s, units=units, settings=settings)
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE)


def coordinating(folder: Path, log: Path, nap_s: float, *, units: Sequence[int], settings: Sequence[str]) -> str:
    """What it does, as a script."""
    return (
        "import signal\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell has them ignored\n"
        "from seal.work.fulfilling import in_lab\n"
        "from tests.cluster.runs import *\n"
        f"cluster, work = cluster_of(*{settings!r}), sleeping(nap_s={nap_s}, log=Path({str(log)!r}))\n"
        f"cluster.fulfil(in_lab(lab_in(Path({str(folder)!r})), work), {list(units)!r})\n"
    )


def storm(slurm: SlurmCluster, folder: Path, random: Random, n_blows: int = 6) -> Storm:
    """Requeue, warn, kill, cancel and preempt jobs, and kill and interrupt coordinators; they end all the same."""
    began_s = time.perf_counter()
    log = folder / "log"
    log.mkdir(parents=True)
    start = partial(coordinator, folder, log, NAP_S, units=UNITS, settings=PREEMPTIBLE)
    blows: Counter[str] = Counter()
    process, n_coordinators = start(), 1
    for _ in range(n_blows):
        seen = sum(times_done(log).values()) + random.randint(1, 3)
        wait_until(partial(_is_time, process, folder, seen))
        jobs = running(folder)
        blow = random.choice([*OF_JOBS, PREEMPTION, *OF_COORDINATORS])
        if process.poll() is not None or blow in OF_COORDINATORS:
            blows[blow] += process.poll() is None
            process.send_signal(signal.SIGINT if blow == OF_COORDINATORS[1] else signal.SIGKILL)
            process.communicate()
            process, n_coordinators = start(), n_coordinators + 1
        elif jobs:
            slurm.ask(*PREEMPTING) if blow == PREEMPTION else slurm.ask(*OF_JOBS[blow], random.choice(jobs))
            blows[blow] += 1
    while process.wait() != 0:
        process, n_coordinators = start(), n_coordinators + 1
    entries = all_entries(folder)
    undisturbed = "".join(to_line(str(unit), unit * unit) for unit in reversed(UNITS))
    return Storm(
        blows=blows,
        coordinators=n_coordinators,
        jobs=len(entries),
        died=sum(entry.outcome == DIED for entry in entries),
        again=sum(times_done(log).values()) - len(UNITS),
        seconds=time.perf_counter() - began_s,
        same=(folder / "squares.jsonl").read_text() == undisturbed,
    )


def _is_time(process: "subprocess.Popen[bytes]", folder: Path, n_begun: int) -> bool:
    """So many units have been begun and a job runs, or nobody coordinates any more."""
    seen = sum(times_done(folder / "log").values())
    return process.poll() is not None or (seen >= min(n_begun, len(UNITS)) and bool(running(folder)))


def storms(slurm: SlurmCluster, folder: Path, seeds: Sequence[int]) -> bool:
    """Each of them, with a table of what happened; whether all ended as they should."""
    kinds = (*OF_JOBS, PREEMPTION, *OF_COORDINATORS)
    table = Table("seed", *kinds, "coordinators", "jobs", "died", "begun again", "s", "records")
    found = []
    for seed in seeds:
        found.append(storm(slurm, folder / str(seed), Random(seed)))
        print(f"storm {seed}: {found[-1]}", file=sys.stderr, flush=True)
        slurm.ask("scancel", "--user=root", "--full")  # preempting ones, and one that was put back when it had ended
        assert slurm.quiet(), "jobs are left"
    for name, those in (*((str(seed), [each]) for seed, each in zip(seeds, found, strict=True)), ("all", found)):
        blows = sum((each.blows for each in those), Counter[str]())
        counts = [
            *(blows[kind] for kind in kinds),
            *(sum(getattr(each, what) for each in those) for what in ("coordinators", "jobs", "died", "again")),
            round(sum(each.seconds for each in those)),
        ]
        n_same = sum(each.same for each in those)
        table.add_row(name, *map(str, counts), f"same: {n_same} of {len(those)}")
    Console(width=160).print(table)
    return all(each.same for each in found)


def scaling(slurm: SlurmCluster, folder: Path, n_jobs: Sequence[int], n_units: int = 1600) -> bool:
    """Units that sleep for a second, on so many jobs at once: the share of what would be perfect."""
    table = Table("jobs at once", "units", "s", "perfect", "share of linear", "load of the machine, before and after")
    for number in n_jobs:
        before, began_s = os.getloadavg()[0], time.perf_counter()
        cluster = cluster_of(*SLURM, f"cluster.array_parallelism={number}", "cluster.poll_s=1")
        cluster.fulfil(in_lab(lab_in(folder / str(number)), sleeping(nap_s=1.0)), list(range(n_units)))
        took_s, perfect_s = time.perf_counter() - began_s, n_units / number
        loads = f"{before:.1f}, {os.getloadavg()[0]:.1f}"
        table.add_row(
            str(number), f"{n_units:,}", f"{took_s:.1f}", f"{perfect_s:.1f}", f"{perfect_s / took_s:.2f}", loads
        )
    Console(width=120).print(table)
    return True


def sameness(slurm: SlurmCluster, folder: Path, n_jobs: Sequence[int]) -> bool:
    """The small run with so many jobs at once, against the same in one process."""
    table = Table("jobs at once", "jobs", "s", "records, policies and results")
    assert main(["run", *CHUNKED, f"outputs={folder}/local"]) == 0
    expected = records(folder / "local/tiny")
    all_same = True
    for number in n_jobs:
        began_s = time.perf_counter()
        parallel = f"cluster.array_parallelism={number}"
        assert main(["run", *CHUNKED, f"outputs={folder}/{number}", *SLURM, parallel]) == 0
        took_s = time.perf_counter() - began_s
        found = records(folder / f"{number}/tiny")
        same = f"{sum(found[name] == expected.get(name) for name in found)} of {len(expected)} files the same"
        table.add_row(str(number), str(len(all_entries(folder / f"{number}/tiny"))), f"{took_s:.0f}", same)
        all_same &= found == expected
    Console(width=100).print(table)
    return all_same


def status(folder: Path, n_records: int, per_chunk: int = 100, per_batch: int = 12) -> bool:
    """The time of `seal status` on a phase of so many records that runs, three times."""
    phase = folder / "run" / JOBS / "evaluations-0123456789ab"
    (phase / "slurm").mkdir(parents=True)
    (folder / "run" / MANIFEST).write_text('{"seal": "", "started": "", "settings": {"name": "run"}, "git": null}')
    keys = [f"round_0/{number // 50:012x}/edit_{number // 10 % 5}/{number % 10}" for number in range(n_records)]
    chunks = {f"7_{first // per_chunk}": keys[first : first + per_chunk] for first in range(0, n_records, per_chunk)}
    ledger = Ledger(phase)
    jobs = {job: (number, chunk) for number, (job, chunk) in enumerate(chunks.items())}
    ledger.submitted(jobs, title="round_0: trying out", gpus=1)
    ledger.ended(list(chunks)[: len(chunks) // 2], DONE)
    now = datetime.now(UTC)
    times = {"work": "round_0: trying out", "kind": "evaluations", "units": per_batch, "time/work_s": 1.0}
    for number, chunk in enumerate(chunks.values()):
        (phase / f"evaluations-{number}-x.jsonl").write_text("".join(to_line(key, "x" * 600) for key in chunk))
        lines = [{**times, "time": str(now + timedelta(seconds=number))} for _ in range(0, len(chunk), per_batch)]
        (phase / f"metrics-{number}-x.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    path = commands_that(folder, squeue=f"echo '{list(chunks)[-1]}|RUNNING|None'")
    environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "seal.launch.cli", "status", str(folder / "run")]
    for _ in range(3):
        began_s = time.perf_counter()
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        took_s = time.perf_counter() - began_s
        print(f"{took_s:.2f} s, load {os.getloadavg()[0]:.1f}")
    print(said)
    return True


@contextmanager
def slurm_of_ours() -> Iterator[SlurmCluster]:
    """A SLURM, as the one of this machine."""
    if reason := why_not():
        sys.exit(reason)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the daemons are stopped then, too
    cluster = SlurmCluster()
    try:
        cluster.start()
        os.environ |= {name: cluster.environment[name] for name in ("PATH", "SLURM_CONF")}
        os.environ["PYTHONPATH"] = str(ROOT)
        yield cluster
    finally:
        cluster.stop()


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["storms", "scaling", "sameness", "status"])
    parser.add_argument("numbers", nargs="+", type=int)
    parser.add_argument("--seed", type=int, default=0, help="of the first storm")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.what == "status":
            return int(not status(Path(folder), asked.numbers[0]))
        with slurm_of_ours() as slurm:
            if asked.what == "storms":
                seeds = range(asked.seed, asked.seed + asked.numbers[0])
                return int(not storms(slurm, Path(folder), seeds))
            measure = scaling if asked.what == "scaling" else sameness
            return int(not measure(slurm, Path(folder), asked.numbers))


if __name__ == "__main__":
    sys.exit(_main())
