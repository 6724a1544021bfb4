"""A cluster of one's own: the processes of a `concurrent.futures` pool."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from seal.cluster import Cluster
from seal.cluster.batches import batches_of, to_do
from seal.cluster.local import Local
from seal.cluster.workload import Place, Result, Unit, Workload
from seal.settings import option
from seal.types import Postponed


@option
class Pool(Cluster):
    """So many processes of this machine. What learns, or waits for others, is done in the process of the run."""

    processes: int

    def fulfil(self, work: Workload[Unit, Result], units: Sequence[Unit]) -> list[Result | Postponed[Result]]:
        if work.place is not Place.WORKERS:
            return Local(threads=1).fulfil(work, units)
        known = work.store.records(work.records, work.result)
        work.monitor.recalled(sum(work.key(unit) in known for unit in units))
        batches = [doing for batch in batches_of(work, units) if (doing := to_do(work, batch, known))]
        postponed: dict[str, Postponed[Result]] = {}
        with ProcessPoolExecutor(self.processes, mp_context=get_context("spawn")) as pool:
            waiting = {pool.submit(done_by, work.packed(), batch): batch for batch in batches}
            for ended in as_completed(waiting):
                results = dict(zip(map(work.key, waiting[ended]), ended.result(), strict=True))
                fresh = {key: each for key, each in results.items() if key not in known}
                postponed |= {key: each for key, each in fresh.items() if isinstance(each, Postponed)}
                done = {key: each for key, each in fresh.items() if not isinstance(each, Postponed)}
                work.store.append(work.records, done, work.result)
                work.monitor.advanced(len(done))
        return [known[key] if (key := work.key(unit)) in known else postponed[key] for unit in units]


def done_by(work: Workload[Unit, Result], batch: Sequence[Unit]) -> Sequence[Result | Postponed[Result]]:
    """In a process of the pool, in as many threads as the run has."""
    import torch

    torch.set_num_threads(1)
    return work.do(batch)
