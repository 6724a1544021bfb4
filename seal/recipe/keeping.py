"""Keeps the best adapters of each round on disk, within a budget. The worst adapters of the oldest round go first."""

from collections.abc import Iterator, Sequence

from seal.folder.store import Store
from seal.model import files
from seal.stats.statistics import accuracy, comparable
from seal.types import Attempt, Evaluation, Failure, Kept, Plan, Policy
from seal.work.fulfilling import fulfil
from seal.work.keeping import ADAPTERS, AdapterToKeep, Keeping
from seal.work.lab import Lab
from seal.work.trying import Trial, TryingOut

GIGABYTE = 10**9


def keep_best(lab: Lab, policy: Policy, attempts: Sequence[Attempt], *, count: int, budget_gb: float | None) -> None:
    """Train the adapters of the best self-edits again and save them, as many as the budget allows."""
    best = sorted(adapters_to_keep(lab, policy, attempts), key=lambda each: -comparable(each.reward))[:count]
    each_bytes = lab.run.inner.adapter_bytes(files.fetched(lab.run.model), lab.run.model.dtype) or 0
    if budget_gb is not None and each_bytes:
        best = best[: round(budget_gb * GIGABYTE) // each_bytes]
    work = Keeping(policy=policy, title=f"{policy.id}: keeping the best adapters")
    known: dict[str, Kept | Failure] = lab.store.records(ADAPTERS, Kept | Failure)
    make_room(lab.store, budget_gb, needed=each_bytes * sum(work.key(each) not in known for each in best))
    if best:
        fulfil(lab, work, best)
    lab.skip("adapters that are not kept", count - len(best))
    make_room(lab.store, budget_gb)


def not_kept(store: Store) -> Iterator[str]:
    """A note, if adapters could not be trained again, or PEFT does not load them as they were trained."""
    records: dict[str, Kept | Failure] = store.records(ADAPTERS, Kept | Failure)
    reasons = [one.reason for one in records.values() if isinstance(one, Failure)]
    if reasons:
        yield f"{len(reasons)} of {len(records)} adapters were not kept: {reasons[0]}"


def adapters_to_keep(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> Iterator[AdapterToKeep]:
    """For each self-edit with a reward, the trial of its best repeat."""
    for attempt in attempts:
        tried = [found for found in attempt.evaluations if isinstance(found, Evaluation)]
        if attempt.reward is None or not isinstance(attempt.plan, Plan) or not tried:
            continue
        best = max(tried, key=lambda found: comparable(accuracy(found)))
        yield AdapterToKeep(
            trial=_trial_of(lab, policy, attempt, attempt.plan, best.seed),
            index=attempt.self_edit.index,
            text=attempt.self_edit.text,
            reward=attempt.reward,
            accuracy=accuracy(best),
        )


def _trial_of(lab: Lab, policy: Policy, attempt: Attempt, plan: Plan, seed: int) -> Trial:
    """The trial with this seed. It is searched, because a self-edit that was decided early has fewer repeats."""
    work, source = TryingOut(policy=policy, title=""), f"edit_{attempt.self_edit.index}"
    trials = (
        Trial(context=attempt.context, source=source, plan=plan, repeat=repeat)
        for repeat in range(len(attempt.evaluations) + lab.run.outer.extra_repeats)
    )
    return next(trial for trial in trials if work.seed(lab, trial) == seed)


def make_room(store: Store, budget_gb: float | None, *, needed: int = 0) -> None:
    """Delete adapters, the worst of the oldest round first, until the rest and `needed` bytes fit into the budget."""
    if budget_gb is None:
        return
    records: dict[str, Kept | Failure] = store.records(ADAPTERS, Kept | Failure)
    there = [one for one in records.values() if isinstance(one, Kept) and (store.folder / one.folder).is_dir()]
    there.sort(key=lambda one: (one.round, comparable(one.reward)))
    total = sum(one.n_bytes for one in there) + needed
    for one in there:
        if total <= round(budget_gb * GIGABYTE):
            return
        store.discard(one.folder)
        total -= one.n_bytes
