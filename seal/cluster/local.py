"""All work in this process, one batch after another."""

from collections.abc import Sequence
from time import perf_counter

from pydantic import PositiveInt

from seal.cluster import Cluster
from seal.cluster.batches import batches_of, to_do
from seal.cluster.workload import Result, Unit, Workload
from seal.settings import option
from seal.types import Postponed


@option
class Local(Cluster):
    """All work in this process, one batch after another."""

    threads: PositiveInt | None = None
    """CPU threads of torch; null leaves the choice to torch. The number changes rounding, so compare runs with equal
    numbers."""

    def fulfil(self, work: Workload[Unit, Result], units: Sequence[Unit]) -> list[Result | Postponed[Result]]:
        if self.threads:
            import torch

            torch.set_num_threads(self.threads)
        batches = batches_of(work, units)
        work.store.adopt(work.records, work.result, [work.key(unit) for batch in batches for unit in batch])
        known = work.store.records(work.records, work.result)
        postponed: dict[str, Postponed[Result]] = {}
        for batch in batches:
            before = sum(work.key(unit) in known for unit in batch)
            work.monitor.recalled(before)
            if doing := to_do(work, batch, known):
                postponed |= self._do(work, doing)
                work.monitor.advanced(sum(work.key(unit) in known for unit in batch) - before)
        return [postponed[key] if (key := work.key(unit)) in postponed else known[key] for unit in units]

    def _do(self, work: Workload[Unit, Result], batch: Sequence[Unit]) -> dict[str, Postponed[Result]]:
        """Do a batch, record its new results, and return its postponed units."""
        known = work.store.records(work.records, work.result)
        began_s = perf_counter()
        results = {
            key: result for key, result in zip(map(work.key, batch), work.do(batch), strict=True) if key not in known
        }
        done = {key: result for key, result in results.items() if not isinstance(result, Postponed)}
        work.store.append(work.records, done, work.result)
        took_s = round(perf_counter() - began_s, 3)
        work.log({"work": work.title, "kind": work.records, "units": len(batch), "time/work_s": took_s})
        return {key: result for key, result in results.items() if isinstance(result, Postponed)}
