"""Groups units into batches, which are done together, and batches into chunks, one per job. Pure functions."""

from collections.abc import Collection, Sequence

from seal.cluster.workload import Result, Unit, Workload


def batches_of(work: Workload[Unit, Result], units: Sequence[Unit]) -> list[list[Unit]]:
    """All units in batches, done or not, the most expensive first."""
    size = work.batch_size
    ordered = sorted(units, key=work.cost, reverse=True)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def to_do(work: Workload[Unit, Result], batch: Sequence[Unit], known: Collection[str]) -> list[Unit]:
    """The units of a batch that have to be done. If the batch rounds together, one missing unit means all of them."""
    missing = [unit for unit in batch if work.key(unit) not in known]
    return list(batch) if missing and work.rounds_together else missing


def cut(work: Workload[Unit, Result], batches: Sequence[Sequence[Unit]], n_chunks: int) -> list[list[Unit]]:
    """Cut batches into at most `n_chunks` chunks of about equal cost. A chunk holds whole, consecutive batches."""
    costs = [sum(map(work.cost, batch)) for batch in batches]
    if not all(costs):
        costs = [len(batch) for batch in batches]
    chunks: list[list[Unit]] = [[]]
    filled = 0
    for batch, cost in zip(batches, costs, strict=True):
        if filled * n_chunks >= sum(costs) * len(chunks):
            chunks.append([])
        chunks[-1] += batch
        filled += cost
    return [chunk for chunk in chunks if chunk]
