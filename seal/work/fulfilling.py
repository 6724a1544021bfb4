"""Hands units of work to the run's cluster. Postponed units are tried a second time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from seal.base.monitor import Metrics
from seal.base.redaction import key_variables
from seal.base.unit_progress import listening
from seal.cluster.workload import Result, Unit, Workload
from seal.errors import RunError
from seal.folder.store import Store
from seal.types import Postponed
from seal.work import Work
from seal.work.lab import Lab


@dataclass(frozen=True, kw_only=True)
class InLab(Workload[Unit, Result]):
    """One kind of work, bound to a lab."""

    lab: Lab
    work: Work[Unit, Result]

    def key(self, unit: Unit) -> str:
        return self.work.key(unit)

    def cost(self, unit: Unit) -> int:
        return self.work.cost(unit)

    def do(self, units: Sequence[Unit]) -> Sequence[Result | Postponed[Result]]:
        with listening(partial(self.monitor.within, len(units))):
            return self.work.do(self.lab, units)

    def log(self, metrics: Metrics) -> None:
        self.lab.log(metrics)

    def packed(self) -> Self:
        lab = self.lab.packed()
        return replace(self, lab=lab, store=lab.store, monitor=lab.monitor)

    @contextmanager
    def elsewhere(self, store: Store) -> Iterator[Self]:
        with closing(self.lab.elsewhere(store)) as lab:
            yield replace(self, lab=lab, store=lab.store, monitor=lab.monitor)


def in_lab(lab: Lab, work: Work[Unit, Result]) -> InLab[Unit, Result]:
    """The workload that a cluster receives."""
    return InLab(
        lab=lab,
        work=work,
        title=work.title,
        records=work.records,
        result=work.result,
        place=work.place(lab),
        batch_size=work.batch_size(lab),
        rounds_together=work.rounds_together(lab),
        store=lab.store,
        monitor=lab.monitor,
        secret_variables=key_variables(lab.run),
    )


def fulfil(lab: Lab, work: Work[Unit, Result], units: Sequence[Unit]) -> list[Result]:
    """The result of every unit, in order, wherever the run's cluster does the work.

    Raises:
        RunError: units were postponed twice, and their results may not be recorded as they are.
    """
    lab.monitor.began(work.title, len(units))
    workload, cluster = in_lab(lab, work), lab.run.cluster
    found: dict[str, Result | Postponed[Result]] = {}
    found |= zip(map(work.key, units), cluster.fulfil(workload, units), strict=True)
    pending = [unit for unit in units if isinstance(found[work.key(unit)], Postponed)]
    if pending:
        found |= zip(map(work.key, pending), cluster.fulfil(workload, pending), strict=True)
    postponed = {key: result for key, result in found.items() if isinstance(result, Postponed)}
    done = {key: result for key, result in found.items() if not isinstance(result, Postponed)}
    if postponed:
        done |= _settle(lab, work, units, postponed)
    lab.monitor.ended()
    return [done[work.key(unit)] for unit in units]


def _settle(
    lab: Lab, work: Work[Unit, Result], units: Sequence[Unit], postponed: Mapping[str, Postponed[Result]]
) -> dict[str, Result]:
    """Record the incomplete results of postponed units, if the work allows it."""
    instead = {key: each.instead for key, each in postponed.items() if each.instead is not None}
    if len(instead) < len(postponed) or not work.may_settle(lab, units, list(postponed.values())):
        reason, _ = Counter(each.reason for each in postponed.values()).most_common(1)[0]
        example = next(key for key, each in postponed.items() if each.reason == reason)
        raise RunError(
            f"{work.title}: {len(postponed)} of {len(units)} failed twice, for example {example}: {reason}. All "
            "finished work is recorded, and no failure became a score; the same command goes on from there"
        )
    lab.store.append(work.records, instead, work.result)
    lab.monitor.advanced(len(instead))
    return instead
