"""Work in one process: each unit once, longest first, in batches that do not depend on what is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from seal.base.monitor import Silent
from seal.cluster.local import Local
from seal.config.loading import load
from seal.folder.store import Store
from seal.types import Policy
from seal.work import Work
from seal.work.fulfilling import in_lab
from seal.work.lab import Lab


@dataclass(frozen=True, kw_only=True)
class Doubling(Work[int, int]):
    records: ClassVar[str] = "doubles"
    result: ClassVar[Any] = int
    batches: list[list[int]] = field(default_factory=list)
    breaks_at: int | None = None

    def key(self, unit: int) -> str:
        return str(unit)

    def cost(self, unit: int) -> int:
        return unit

    def batch_size(self, lab: Lab) -> int:
        return 2

    def do(self, lab: Lab, units: Sequence[int]) -> list[int]:
        if self.breaks_at in units:
            raise KeyboardInterrupt
        self.batches.append(list(units))
        return [2 * unit for unit in units]


def lab(folder: Path) -> Lab:
    run, _ = load(["experiment=tiny", "task.n_train=1", "task.n_held_out=1"])
    return Lab(run=run, store=Store(folder), contexts=run.task.load(), monitor=Silent(), log=lambda metrics: None)


def doubling(breaks_at: int | None = None) -> Doubling:
    return Doubling(policy=Policy(round=0), title="doubling", breaks_at=breaks_at)


def test_results_come_in_the_order_of_the_units_and_the_costly_ones_are_done_first(tmp_path: Path) -> None:
    work = doubling()
    assert Local(threads=None).fulfil(in_lab(lab(tmp_path), work), [1, 5, 3]) == [2, 10, 6]
    assert work.batches == [[5, 3], [1]]


def test_known_units_are_not_done_again(tmp_path: Path) -> None:
    Local(threads=None).fulfil(in_lab(lab(tmp_path), doubling()), [1, 2, 3, 4])
    work = doubling()
    assert Local(threads=None).fulfil(in_lab(lab(tmp_path), work), [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert work.batches == []


def test_an_interrupted_phase_goes_on_with_the_batches_it_would_have_had(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Local(threads=None).fulfil(in_lab(lab(tmp_path), doubling(breaks_at=2)), [1, 2, 3, 4])
    store = Store(tmp_path)
    assert store.records("doubles", int) == {"4": 8, "3": 6}
    whole = (tmp_path / "doubles.jsonl").read_text().splitlines()
    (tmp_path / "doubles.jsonl").write_text(whole[0] + "\n")
    work = doubling()
    assert Local(threads=None).fulfil(in_lab(lab(tmp_path), work), [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert work.batches == [[4, 3], [2, 1]]
    assert (tmp_path / "doubles.jsonl").read_text().splitlines()[:2] == whole
