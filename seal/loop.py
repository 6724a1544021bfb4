"""SEAL, the method (arXiv 2506.10943): a policy proposes self-edits, they are tried out, and it learns from the best.

    for each round:
        edits    = propose(policy, contexts)            E-step: write k self-edits a context,
        attempts = try_out(policy, edits)                       train on each, ask the adapted model, reward it
        policy   = learn(policy, attempts)              M-step: fine-tune on the best ones, merge

Everything here is a story about values; `seal.work` does the units of work, the run's cluster decides where.
"""

from collections.abc import Iterable, Sequence

from seal.lab import Lab
from seal.types import Answered, Attempt, Context, Evaluation, Failure, Invalid, Plan, Policy, Round, SelfEdit, Update
from seal.work import ExamPaper, Grading, Learning, Lesson, Proposal, Proposing, Trial, TryingOut


def play_round(lab: Lab, policy: Policy, contexts: Sequence[Context], *, edits_per_context: int, repeats: int) -> Round:
    """One turn of the outer loop: the policy practises on the contexts and becomes the next one."""
    edits = propose(lab, policy, contexts, per_context=edits_per_context)
    attempts = try_out(lab, policy, contexts, edits, repeats=repeats)
    update = learn(lab, policy, attempts)
    return Round(
        index=policy.round,
        policy=policy,
        attempts=tuple(attempts),
        update=update,
        next=Policy(round=update.round, weights=update.weights),
    )


def propose(lab: Lab, policy: Policy, contexts: Sequence[Context], *, per_context: int) -> list[SelfEdit]:
    """The policy writes `per_context` self-edits about each context."""
    proposals = [Proposal(context=context, index=index) for context in contexts for index in range(per_context)]
    return lab.fulfil(Proposing(policy=policy, title=f"{policy.id}: writing self-edits"), proposals)


def try_out(
    lab: Lab, policy: Policy, contexts: Sequence[Context], edits: Sequence[SelfEdit], *, repeats: int
) -> list[Attempt]:
    """Each self-edit adapts the policy `repeats` times, with other seeds; each adapted model is asked and graded."""
    context_of = {context.id: context for context in contexts}
    baseline_of = dict(zip(context_of, ask_unadapted(lab, policy, contexts), strict=True))
    plans = [lab.run.self_edit.parse(context_of[edit.context_id], edit) for edit in edits]
    trials = [
        Trial(context=context_of[edit.context_id], source=f"edit_{edit.index}", plan=plan, repeat=repeat)
        for edit, plan in zip(edits, plans, strict=True)
        if isinstance(plan, Plan)
        for repeat in range(repeats)
    ]
    outcomes = iter(examine(lab, policy, trials, title="training on self-edits, asking"))
    attempts = []
    for edit, plan in zip(edits, plans, strict=True):
        evaluations = tuple(next(outcomes) for _ in range(repeats)) if isinstance(plan, Plan) else ()
        baseline = baseline_of[edit.context_id]
        attempts.append(
            Attempt(
                context=context_of[edit.context_id],
                self_edit=edit,
                plan=plan,
                baseline=baseline,
                evaluations=evaluations,
                reward=reward_of(lab, plan, baseline, evaluations),
            )
        )
    return attempts


def reward_of(
    lab: Lab, plan: Plan | Invalid, baseline: Evaluation | Failure, evaluations: Sequence[Evaluation | Failure]
) -> float | None:
    """An invalid self-edit earns 0 by the method's own rule; one that was never fairly tried earns nothing, not 0."""
    if isinstance(plan, Invalid):
        return 0.0
    known = [evaluation for evaluation in evaluations if isinstance(evaluation, Evaluation)]
    return lab.run.outer.reward.score(baseline if isinstance(baseline, Evaluation) else None, known)


def learn(lab: Lab, policy: Policy, attempts: Sequence[Attempt]) -> Update:
    """The policy is fine-tuned on the self-edits that the outer loop selects."""
    [update] = lab.fulfil(
        Learning(policy=policy, title=f"{policy.id}: learning from the best"), [Lesson(attempts=tuple(attempts))]
    )
    return update


def ask_unadapted(lab: Lab, policy: Policy, contexts: Sequence[Context]) -> list[Evaluation | Failure]:
    """The policy as it is answers the queries of each context, once."""
    trials = [Trial(context=context, source="unadapted") for context in contexts]
    return examine(lab, policy, trials, title="asking the unadapted model")


def train_on_passages(
    lab: Lab, policy: Policy, contexts: Sequence[Context], *, repeats: int
) -> list[list[Evaluation | Failure]]:
    """The baseline without self-edits: each context alone adapts the policy `repeats` times. One list a context."""
    trials = [
        Trial(context=context, source="passage", plan=lab.run.self_edit.unedited(context), repeat=repeat)
        for context in contexts
        for repeat in range(repeats)
    ]
    outcomes = examine(lab, policy, trials, title="training on passages, asking")
    return [outcomes[start : start + repeats] for start in range(0, len(outcomes), repeats)]


def examine(lab: Lab, policy: Policy, trials: Sequence[Trial], *, title: str) -> list[Evaluation | Failure]:
    """Models are made, asked, and their answers graded."""
    work = TryingOut(policy=policy, title=f"{policy.id}: {title}")
    answers = lab.fulfil(work, trials)
    return grade(lab, policy, [trial.context for trial in trials], map(work.key, trials), answers)


def grade(
    lab: Lab, policy: Policy, contexts: Iterable[Context], keys: Iterable[str], answers: Iterable[Answered | Failure]
) -> list[Evaluation | Failure]:
    """Each model's answers to the queries of the context beside it get their verdicts, under the key beside it."""
    papers = [
        ExamPaper(key=key, context=context, answered=answered)
        for key, context, answered in zip(keys, contexts, answers, strict=True)
    ]
    return lab.fulfil(Grading(policy=policy, title=f"{policy.id}: grading"), papers)
