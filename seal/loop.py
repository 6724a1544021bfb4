"""SEAL, the method (arXiv 2506.10943): a policy proposes self-edits, tries them out, and learns from the best.

Everything here works on values. `seal.work` does the units of work, and the run's cluster decides where.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from seal.self_edit import SelfEditFormat
from seal.types import Attempt, Context, Failure, Invalid, Plan, Policy, Round, SelfEdit, Update
from seal.work.examining import ask_unadapted, examine
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab
from seal.work.learning import Learning, Lesson
from seal.work.trying import TRYING, Trial
from seal.work.writing import Proposal, Proposing, Reading, writing_by


def train(
    lab: Lab, policy: Policy, rounds: Iterable[Sequence[Context]], *, edits_per_context: int, repeats: int
) -> Iterator[Round]:
    """Perform the rounds of the outer loop, one for each group of contexts. Yields each finished round."""
    for contexts in rounds:
        edits = propose(lab, policy, contexts, per_context=edits_per_context)  # E-step: write, train on, ask, reward
        attempts = practise(lab, policy, contexts, edits, repeats=repeats)
        update = learn(lab, policy, attempts)  # M-step: fine-tune on the best
        following = Policy(round=update.round, weights=update.weights)
        yield Round(index=policy.round, policy=policy, attempts=tuple(attempts), update=update, next=following)
        policy = following


def propose(lab: Lab, policy: Policy, contexts: Sequence[Context], *, per_context: int) -> list[SelfEdit]:
    """The policy writes `per_context` self-edits about each context. It writes again if the format rejects some."""
    form = lab.run.self_edit
    work = Proposing(policy=policy, title=writing_by(lab.run, policy))
    written: dict[str, list[SelfEdit]] = {context.id: [] for context in contexts}
    for _ in range(form.turns):
        proposals = [
            Proposal(context=context, index=len(written[context.id]) + number)
            for context in contexts
            for number in range(per_context - len(form.usable(context, written[context.id])))
        ]
        for edit in fulfil(lab, work, proposals) if proposals else []:
            written[edit.context_id].append(edit)
    return [edit for each in contexts for edit in form.preferred(each, written[each.id])[:per_context]]


def practise(
    lab: Lab, policy: Policy, contexts: Sequence[Context], edits: Sequence[SelfEdit], *, repeats: int
) -> list[Attempt]:
    """Try out the self-edits worth a training, with extra repeats for those that the outer loop cannot rank yet."""
    form, outer = lab.run.self_edit.practised_in(policy.round + 1), lab.run.outer
    attempts = plan(lab, policy, contexts, edits, form)
    if outer.reward.rates:
        ratings = fulfil(lab, Reading(policy=policy, title=f"{policy.id}: rating self-edits"), attempts)
        attempts = [replace(one, rating=rating) for one, rating in zip(attempts, ratings, strict=True)]
    worthy = outer.reward.worth_trying(attempts) if lab.run.inner.adapts else []
    attempts = evaluate(lab, policy, attempts, worthy, range(repeats))
    for repeat in range(repeats, repeats + outer.extra_repeats):
        undecided = outer.undecided(attempts)
        lab.skip_trials("repeats that are not needed", len(worthy) - len(undecided))
        attempts = evaluate(lab, policy, attempts, undecided, range(repeat, repeat + 1))
    return attempts


def try_out(
    lab: Lab,
    policy: Policy,
    contexts: Sequence[Context],
    edits: Sequence[SelfEdit],
    *,
    repeats: int,
    settings: Mapping[str, float] = MappingProxyType({}),
) -> list[Attempt]:
    """Adapt the policy by each self-edit `repeats` times, with different seeds. Ask and grade each adapted model.

    `settings` of the inner loop replace those of the self-edits.
    """
    planned = plan(lab, policy, contexts, edits, lab.run.self_edit)
    attempts = [
        replace(one, plan=one.plan.with_settings(settings)) if isinstance(one.plan, Plan) else one for one in planned
    ]
    return evaluate(lab, policy, attempts, [one.name for one in attempts], range(repeats))


def plan(
    lab: Lab, policy: Policy, contexts: Sequence[Context], edits: Sequence[SelfEdit], form: SelfEditFormat
) -> list[Attempt]:
    """Attempts with the plan of each self-edit and the unadapted model's evaluation. Nothing is trained yet."""
    context_of = {context.id: context for context in contexts}
    baseline_of = dict(zip(context_of, ask_unadapted(lab, policy, contexts), strict=True))
    return [
        Attempt(
            context=(context := context_of[edit.context_id]),
            self_edit=edit,
            plan=form.read(context, edit),
            baseline=baseline_of[edit.context_id],
            evaluations=(),
        )
        for edit in edits
    ]


def evaluate(
    lab: Lab, policy: Policy, attempts: Sequence[Attempt], chosen: Collection[str], repeats: range
) -> list[Attempt]:
    """Add repeats to the chosen attempts, and compute the rewards of all attempts."""
    tried = [(one, one.plan) for one in attempts if one.name in chosen and isinstance(one.plan, Plan)]
    trials = [
        Trial(context=one.context, source=f"edit_{one.self_edit.index}", plan=planned, repeat=repeat)
        for one, planned in tried
        for repeat in repeats
    ]
    outcomes = iter(examine(lab, policy, trials, title=TRYING))
    more = {one.name: tuple(next(outcomes) for _ in repeats) for one, _ in tried}
    evaluated = [replace(one, evaluations=one.evaluations + more.get(one.name, ())) for one in attempts]
    return [replace(one, reward=reward_of(lab, one)) for one in evaluated]


def reward_of(lab: Lab, attempt: Attempt) -> float | None:
    """The reward of an attempt. An invalid self-edit earns 0, by the method's own rule; a failed attempt earns None."""
    if isinstance(attempt.plan, Failure):
        return None
    return 0.0 if isinstance(attempt.plan, Invalid) else lab.run.outer.reward.score(attempt)


def learn(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> Update:
    """Update the policy by the lessons that the outer loop draws from the attempts."""
    work = Learning(policy=policy, title=f"{policy.id}: updating the policy")
    [update] = fulfil(lab, work, [Lesson(attempts=tuple(attempts))])
    return update
