"""All work in this process, one batch after another."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from seal.cluster import Cluster, Result, Unit
from seal.settings import option

if TYPE_CHECKING:
    from seal.lab import Lab
    from seal.work import Work


@option
class Local(Cluster):
    """This machine."""

    threads: PositiveInt | None
    """CPU threads of torch; None leaves it to torch. Changes rounding, so compare runs with equal numbers."""

    def fulfil(self, lab: "Lab", work: "Work[Unit, Result]", units: Sequence[Unit]) -> list[Result]:
        if self.threads:
            import torch

            torch.set_num_threads(self.threads)
        known = lab.store.records(work.records, work.result)
        size = work.batch_size(lab)
        lab.monitor.began(work.title, len(units))
        ordered = sorted(units, key=work.cost, reverse=True)
        for start in range(0, len(ordered), size):
            batch = ordered[start : start + size]
            missing = [unit for unit in batch if work.key(unit) not in known]
            if missing:
                began_s = perf_counter()
                results = dict(zip(map(work.key, batch), work.do(lab, batch), strict=True))
                lab.store.append(
                    work.records, {work.key(unit): results[work.key(unit)] for unit in missing}, work.result
                )
                lab.log({"work": work.title, "units": len(missing), "time/work_s": round(perf_counter() - began_s, 3)})
            lab.monitor.advanced(len(batch))
        lab.monitor.ended()
        return [known[work.key(unit)] for unit in units]
