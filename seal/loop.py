"""SEAL, the method (arXiv 2506.10943): a policy proposes self-edits, they are tried out, and it learns from the best.

    for each round:
        edits    = propose(policy, contexts)            E-step: write k self-edits a context,
        attempts = practise(policy, edits)                      train on each, ask the adapted model, reward it
        policy   = learn(policy, attempts)              M-step: fine-tune on the best ones, merge

Everything here is a story about values; `seal.work` does the units of work, the run's cluster decides where.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType

from seal.self_edit import SelfEditFormat
from seal.types import Answered, Attempt, Context, Evaluation, Failure, Invalid, Plan, Policy, Round, SelfEdit, Update
from seal.work.fulfilling import fulfil
from seal.work.grading import ExamPaper, Grading
from seal.work.lab import Lab
from seal.work.learning import Learning, Lesson
from seal.work.trying import Trial, TryingOut
from seal.work.writing import Proposal, Proposing, Reading

TRYING = "training on self-edits, asking"
"""What the phase is called in which self-edits are tried out."""


def phase_of(policy: Policy, title: str) -> str:
    """What work by a policy is called, for people who watch and in the metrics."""
    return f"{policy.id}: {title}"


def play_round(lab: Lab, policy: Policy, contexts: Sequence[Context], *, edits_per_context: int, repeats: int) -> Round:
    """One turn of the outer loop: the policy practises on the contexts and becomes the next one."""
    edits = propose(lab, policy, contexts, per_context=edits_per_context)
    attempts = practise(lab, policy, contexts, edits, repeats=repeats)
    update = learn(lab, policy, attempts)
    return Round(
        index=policy.round,
        policy=policy,
        attempts=tuple(attempts),
        update=update,
        next=Policy(round=update.round, weights=update.weights),
    )


def propose(lab: Lab, policy: Policy, contexts: Sequence[Context], *, per_context: int) -> list[SelfEdit]:
    """The policy writes `per_context` self-edits about each context; where its format wants others, it writes on."""
    form = lab.run.self_edit
    work = Proposing(policy=policy, title=f"{policy.id}: writing self-edits")
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
    """Try self-edits out as the outer loop wants it: those worth trying, and more often where the best are close."""
    form = lab.run.self_edit.practised_in(policy.round + 1)
    attempts = rate(lab, policy, plan(lab, policy, contexts, edits, form))
    worthy = worth_trying(lab, attempts)
    attempts = examine_again(lab, policy, attempts, worthy, range(repeats))
    for repeat in range(repeats, repeats + lab.run.outer.extra_repeats):
        undecided = lab.run.outer.undecided(attempts)
        lab.skip("repeats that are not needed", 2 * (len(worthy) - len(undecided)))
        attempts = examine_again(lab, policy, attempts, undecided, range(repeat, repeat + 1))
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
    """Each self-edit adapts the policy `repeats` times, with other seeds; each adapted model is asked and graded.

    `settings` of the inner loop take the place of those that the self-edits have.
    """
    planned = plan(lab, policy, contexts, edits, lab.run.self_edit)
    attempts = [
        replace(one, plan=one.plan.with_settings(settings)) if isinstance(one.plan, Plan) else one for one in planned
    ]
    return examine_again(lab, policy, attempts, [one.name for one in attempts], range(repeats))


def plan(
    lab: Lab, policy: Policy, contexts: Sequence[Context], edits: Sequence[SelfEdit], form: SelfEditFormat
) -> list[Attempt]:
    """What each self-edit says to train on, and how the unadapted model does; nothing is tried yet."""
    context_of = {context.id: context for context in contexts}
    baseline_of = dict(zip(context_of, ask_unadapted(lab, policy, contexts), strict=True))
    return [
        Attempt(
            context=(context := context_of[edit.context_id]),
            self_edit=edit,
            plan=form.parse(context, edit),
            baseline=baseline_of[edit.context_id],
            evaluations=(),
        )
        for edit in edits
    ]


def rate(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Each self-edit is read and rated, where the reward asks for that."""
    if not lab.run.outer.reward.rates:
        return list(attempts)
    ratings = fulfil(lab, Reading(policy=policy, title=f"{policy.id}: rating self-edits"), attempts)
    return [replace(attempt, rating=rating) for attempt, rating in zip(attempts, ratings, strict=True)]


def worth_trying(lab: Lab, attempts: Sequence[Attempt]) -> list[str]:
    """The names of those that the reward wants tried out."""
    chosen: list[str] = []
    for _, group in groupby(attempts, key=lambda attempt: attempt.context.id):
        of_context = list(group)
        tried = lab.run.outer.reward.is_tried([attempt.rating for attempt in of_context])
        chosen += [attempt.name for attempt, is_tried in zip(of_context, tried, strict=True) if is_tried]
    return chosen


def examine_again(
    lab: Lab, policy: Policy, attempts: Sequence[Attempt], chosen: Collection[str], repeats: range
) -> list[Attempt]:
    """The chosen attempts get these further repeats; all get the reward that follows from what is known."""
    tried = [one for one in attempts if one.name in chosen and isinstance(one.plan, Plan)]
    trials = [
        Trial(context=one.context, source=f"edit_{one.self_edit.index}", plan=one.plan, repeat=repeat)
        for one in tried
        if isinstance(one.plan, Plan)
        for repeat in repeats
    ]
    outcomes = iter(examine(lab, policy, trials, title=TRYING))
    more = {one.name: tuple(next(outcomes) for _ in repeats) for one in tried}
    examined = [replace(one, evaluations=one.evaluations + more.get(one.name, ())) for one in attempts]
    return [replace(one, reward=reward_of(lab, one)) for one in examined]


def reward_of(lab: Lab, attempt: Attempt) -> float | None:
    """An invalid self-edit earns 0 by the method's own rule; one that was never fairly tried earns nothing, not 0."""
    if isinstance(attempt.plan, Invalid):
        return 0.0
    return lab.run.outer.reward.score(attempt)


def learn(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> Update:
    """The policy is fine-tuned on the self-edits that the outer loop selects."""
    [update] = fulfil(
        lab, Learning(policy=policy, title=f"{policy.id}: learning from the best"), [Lesson(attempts=tuple(attempts))]
    )
    return update


def ask_unadapted(lab: Lab, policy: Policy, contexts: Sequence[Context]) -> list[Evaluation | Failure]:
    """The policy as it is answers the queries of each context, once."""
    trials = [Trial(context=context, source="unadapted") for context in contexts]
    return examine(lab, policy, trials, title="asking the unadapted model")


def examine(lab: Lab, policy: Policy, trials: Sequence[Trial], *, title: str) -> list[Evaluation | Failure]:
    """Models are made, asked, and their answers graded."""
    work = TryingOut(policy=policy, title=phase_of(policy, title))
    answers = fulfil(lab, work, trials)
    return grade(lab, policy, [trial.context for trial in trials], map(work.key, trials), answers)


def grade(
    lab: Lab, policy: Policy, contexts: Iterable[Context], keys: Iterable[str], answers: Iterable[Answered | Failure]
) -> list[Evaluation | Failure]:
    """Each model's answers to the queries of the context beside it get their verdicts, under the key beside it."""
    papers = [
        ExamPaper(key=key, context=context, answered=answered)
        for key, context, answered in zip(keys, contexts, answers, strict=True)
    ]
    return fulfil(lab, Grading(policy=policy, title=f"{policy.id}: grading"), papers)
