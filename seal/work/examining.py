"""Examines models: adapts them, asks their queries, grades the answers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from seal.task.asking import PASSAGE_ABOVE
from seal.text import fill
from seal.types import Answered, Context, Evaluation, Failure, Policy
from seal.work.fulfilling import fulfil
from seal.work.grading import Grading, ToGrade
from seal.work.lab import Lab
from seal.work.trying import Trial, TryingOut, phase_of


def examine(lab: Lab, policy: Policy, trials: Sequence[Trial], *, title: str) -> list[Evaluation | Failure]:
    """Adapt the model of each trial, ask it all queries of its context, and grade its answers."""
    work = TryingOut(policy=policy, title=phase_of(policy, title))
    answers = fulfil(lab, work, trials)
    return grade(lab, policy, [trial.context for trial in trials], map(work.key, trials), answers)


def ask_unadapted(lab: Lab, policy: Policy, contexts: Sequence[Context]) -> list[Evaluation | Failure]:
    """Ask the unadapted policy the queries of each context, once."""
    trials = [Trial(context=context, source="unadapted") for context in contexts]
    return examine(lab, policy, trials, title="asking the unadapted model")


def ask_with_passage(lab: Lab, policy: Policy, contexts: Sequence[Context]) -> list[Evaluation | Failure]:
    """The same with the passage above each question: what a model that need not remember would answer."""
    trials = [Trial(context=_with_passage(context), source="open_book") for context in contexts]
    return examine(lab, policy, trials, title="asking with the passage in the prompt")


def _with_passage(context: Context) -> Context:
    above = fill(PASSAGE_ABOVE, passage=context.text)
    return replace(context, queries=tuple(replace(query, prompt=above + query.prompt) for query in context.queries))


def grade(
    lab: Lab, policy: Policy, contexts: Iterable[Context], keys: Iterable[str], answers: Iterable[Answered | Failure]
) -> list[Evaluation | Failure]:
    """Grade the answers of each model. `contexts` and `keys` belong to the answers, in the same order."""
    to_grade = [
        ToGrade(key=key, context=context, answered=answered)
        for key, context, answered in zip(keys, contexts, answers, strict=True)
    ]
    return fulfil(lab, Grading(policy=policy, title=f"{policy.id}: grading"), to_grade)
