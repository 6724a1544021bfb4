"""What tests of clusters share: a small run of several batches, work that sleeps, and a lab to do it in."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from seal.base.monitor import Silent
from seal.base.redaction import variable
from seal.cluster import Cluster
from seal.cluster.workload import Place
from seal.config.loading import load
from seal.folder.store import Store
from seal.inner.none import NoAdaptation
from seal.settings import option
from seal.types import Policy, Postponed, Usage
from seal.work import Work
from seal.work.lab import Lab
from tests.conftest import SMALL, settings_without

CHUNKED = (
    *settings_without(SMALL, "inner.parallel", "engine.prompts_per_batch"),
    "inner.parallel=1",
    "engine.prompts_per_batch=2",
)
"""The small run in batches so small that several jobs have something to do."""


@dataclass(frozen=True, kw_only=True)
class Sleeping(Work[int, int]):
    """Squares of numbers, each after a nap; what else happens is in the folder."""

    records: ClassVar[str] = "squares"
    result: ClassVar[Any] = int
    where: Place = Place.WORKERS
    nap_s: float = 0.0
    per_batch: int = 1
    together: bool = False
    """Whether units of a batch depend on each other by rounding."""
    deadly: tuple[int, ...] = ()
    """Numbers that kill the process."""
    deadly_once: tuple[int, ...] = ()
    """Numbers that kill the first process that does them; needs a log."""
    wrong: tuple[int, ...] = ()
    """Numbers that raise an error."""
    silent: tuple[int, ...] = ()
    """Numbers that are postponed."""
    pays: bool = False
    """Whether a number is a paid call."""
    damaging_once: tuple[int, ...] = ()
    """Numbers that, done for the first time, flip a bit of the record before theirs; needs a log."""
    log: Path | None = None
    """A folder where each doing of a number leaves a file."""

    def key(self, unit: int) -> str:
        return str(unit)

    def cost(self, unit: int) -> int:
        return unit

    def place(self, lab: Lab) -> Place:
        return self.where

    def batch_size(self, lab: Lab) -> int:
        return self.per_batch

    def rounds_together(self, lab: Lab) -> bool:
        return self.together

    def do(self, lab: Lab, units: Sequence[int]) -> "list[int | Postponed[int]]":
        for _ in units if self.pays else ():
            lab.spend("squares", Usage())
        flips = any(unit in self.damaging_once and self._is_first(unit) for unit in units)
        results = [self._do(unit) for unit in units]
        if flips:
            files = lab.store.folder.glob("jobs/*/squares-*.jsonl")
            flip_in_last_line(max(files, key=lambda file: file.stat().st_mtime_ns))
        return results

    def _is_first(self, unit: int) -> bool:
        return self.log is not None and not list(self.log.glob(f"{unit}-*"))

    def _do(self, unit: int) -> "int | Postponed[int]":
        first = self._is_first(unit)
        if self.log:
            (self.log / f"{unit}-{time.time_ns()}").touch()
        time.sleep(self.nap_s)
        if unit in self.deadly or (first and unit in self.deadly_once):
            os._exit(9)
        if unit in self.wrong:
            raise ValueError(f"{unit} is wrong")
        return Postponed(reason="silence") if unit in self.silent else unit * unit


@dataclass(frozen=True, kw_only=True)
class Looking(Sleeping):
    """The numbers of the GPUs that a process sees."""

    result: ClassVar[Any] = list[int]

    def do(self, lab: Lab, units: Sequence[int]) -> Any:
        seen = [int(number) for number in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if number]
        return [seen for _ in units]


@option
class Quoting(NoAdaptation):
    """An inner loop that breaks, and quotes the keys that it was given."""

    adapts: ClassVar[bool] = True

    def adapt(self, *_: Any) -> list[Any]:
        raise ValueError(f"the hub refuses {os.environ['HF_TOKEN']}\nthe endpoint {variable('OPENAI_API_KEY')}")


def sleeping(**settings: Any) -> Sleeping:
    return Sleeping(policy=Policy(round=0), title="round_0: sleeping", **settings)


def flip_in_last_line(file: Path) -> None:
    """One bit of the last record is another one than was written."""
    content = bytearray(file.read_bytes())
    content[-8] ^= 1
    file.write_bytes(content)


def times_done(log: Path) -> dict[int, int]:
    """How often each number was begun."""
    return dict(sorted(Counter(int(file.name.partition("-")[0]) for file in log.iterdir()).items()))


def lab_in(folder: Path) -> Lab:
    run, _ = load(["experiment=tiny", "task.n_train=1", "task.n_held_out=1"])
    return Lab(run=run, store=Store(folder), contexts=run.task.load(), monitor=Silent(), log=lambda metrics: None)


def cluster_of(*overrides: str) -> Cluster:
    return load(["experiment=tiny", *overrides])[0].cluster


def commands_that(folder: Path, **scripts: str) -> str:
    """A search path on which there are these commands and no others: what stands for SLURM where there is none."""
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def wait_until(there: Callable[[], bool], patience_s: float = 60) -> None:
    until = time.monotonic() + patience_s
    while not there():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
