"""All work in this process, one batch after another."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from seal.cluster import Cluster, Result, Unit
from seal.cluster.batches import batches_of, to_do
from seal.settings import option
from seal.types import Postponed

if TYPE_CHECKING:
    from seal.lab import Lab
    from seal.work import Work


@option
class Local(Cluster):
    """This machine."""

    threads: PositiveInt | None
    """CPU threads of torch; None leaves it to torch. Changes rounding, so compare runs with equal numbers."""

    def fulfil(
        self, lab: "Lab", work: "Work[Unit, Result]", units: Sequence[Unit]
    ) -> "list[Result | Postponed[Result]]":
        if self.threads:
            import torch

            torch.set_num_threads(self.threads)
        batches = batches_of(lab, work, units)
        lab.store.adopt(work.records, work.result, [work.key(unit) for batch in batches for unit in batch])
        known = lab.store.records(work.records, work.result)
        postponed: dict[str, Postponed[Result]] = {}
        for batch in batches:
            before = sum(work.key(unit) in known for unit in batch)
            lab.monitor.recalled(before)
            if doing := to_do(lab, work, batch, known):
                postponed |= self._do(lab, work, doing)
                lab.monitor.advanced(sum(work.key(unit) in known for unit in batch) - before)
        return [postponed[key] if (key := work.key(unit)) in postponed else known[key] for unit in units]

    def _do(self, lab: "Lab", work: "Work[Unit, Result]", batch: Sequence[Unit]) -> "dict[str, Postponed[Result]]":
        """Do a batch, record what is done and was not known, and return what is not."""
        known = lab.store.records(work.records, work.result)
        began_s = perf_counter()
        results = {
            key: result
            for key, result in zip(map(work.key, batch), work.do(lab, batch), strict=True)
            if key not in known
        }
        done = {key: result for key, result in results.items() if not isinstance(result, Postponed)}
        lab.store.append(work.records, done, work.result)
        took_s = round(perf_counter() - began_s, 3)
        lab.log({"work": work.title, "kind": work.records, "units": len(batch), "time/work_s": took_s})
        return {key: result for key, result in results.items() if isinstance(result, Postponed)}
