"""Settings in which one model is made from a whole corpus and asked: what they are trained on, and their rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from seal.base.seeds import derive
from seal.recipe.budget import Spent, joined, with_budget_of
from seal.recipe.consolidation import AskingConsolidated, Consolidating, Corpus
from seal.recipe.matching import Match
from seal.recipe.measuring import measurement
from seal.stats.measurement import Measurement
from seal.stats.results import Row
from seal.stats.statistics import mean
from seal.types import Context, Evaluation, Failure, Plan, Policy, SelfEdit, Training
from seal.work.examining import grade
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab

MATCHED = "passage_matched"
"""The setting of the passages alone, with the compute of the self-edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A model from a whole corpus, and how it did."""

    outcomes: Sequence[Evaluation | Failure]
    """One a context."""
    training: Training | None
    """None where it broke."""
    seconds: float | None
    """Of training it and asking it everything; None where nobody knows."""


def one_plan(lab: Lab, contexts: Sequence[Context], edits: Sequence[SelfEdit]) -> Plan:
    """Everything that the self-edits and the passages say to train on, without repetitions."""
    context_of = {context.id: context for context in contexts}
    plans = [lab.run.self_edit.parse(context_of[edit.context_id], edit) for edit in edits]
    return joined([*plans, *map(lab.run.self_edit.unedited, contexts)])


def train_and_ask(lab: Lab, policy: Policy, corpus: Corpus, contexts: Sequence[Context]) -> Examined:
    """Train on a corpus and ask all contexts. What was trained is deleted once every answer is recorded.

    A training that breaks is the result of each context, and nothing is asked.
    """
    training = Consolidating(policy=policy, title=f"training: {corpus.name}")
    [made] = fulfil(lab, training, [corpus])
    asking = AskingConsolidated(
        policy=policy, title=f"asking: {corpus.name}", source=f"corpus_{corpus.name}", folder=corpus.folder
    )
    if isinstance(made, Failure):
        lab.skip("asking a model that there is not", 2 * len(contexts))
        return Examined(outcomes=[made] * len(contexts), training=None, seconds=None)
    answers = fulfil(lab, asking, contexts)
    lab.store.discard(corpus.folder)
    outcomes = grade(lab, policy, contexts, map(asking.key, contexts), answers)
    seconds = seconds_of(lab, training.title, asking.title, n_asked=len(contexts))
    return Examined(outcomes=outcomes, training=made.training, seconds=seconds)


def seconds_of(lab: Lab, training: str, asking: str, *, n_asked: int) -> float | None:
    """How long one model took in the phases of these titles: its training, and being asked about so many contexts."""
    trained, asked = lab.seconds_per_unit(training), lab.seconds_per_unit(asking)
    return None if trained is None or asked is None else round(trained + n_asked * asked, 3)


def with_passages_alone(
    lab: Lab,
    policy: Policy,
    edits: Sequence[SelfEdit],
    training: Training | None,
    *,
    contexts: Sequence[Context],
    asked: Sequence[Context],
    match: Match,
    repeats: int,
) -> list[Examined]:
    """The contexts alone make `repeats` models, each with the compute that one training on their self-edits took.

    Nothing is made where that training is not known, because it broke.
    """
    if training is None:
        lab.skip("as much training as one that broke", repeats * (1 + 2 * len(asked)))
        return []
    by_context = {context.id: [edit for edit in edits if edit.context_id == context.id] for context in contexts}
    spent = Spent(
        plans=tuple(one_plan(lab, [context], by_context[context.id]) for context in contexts), training=training
    )
    passages = [lab.run.self_edit.unedited(context) for context in contexts]
    lesson = with_budget_of(spent, passages, match=match, random=Random(derive(lab.run.seed, MATCHED)))
    corpora = [
        Corpus(name=f"{MATCHED}/{repeat}", lesson=lesson, folder=f"corpora/{MATCHED}_{repeat}")
        for repeat in range(repeats)
    ]
    return [train_and_ask(lab, policy, corpus, asked) for corpus in corpora]


def of_models(
    setting: str, contexts: Sequence[Context], models: Sequence[Examined], *, matched_to: str | None = None
) -> Measurement:
    """What models that were made in the same way, with other seeds, found."""
    return replace(
        measurement(setting, contexts, list(zip(*(model.outcomes for model in models), strict=True))),
        matched_to=matched_to,
        trainings=tuple(model.training for model in models if model.training),
        seconds=mean([model.seconds for model in models if model.seconds is not None]),
    )


def row_of(found: Measurement) -> Row:
    """The row of one or more models; a training that broke is one failure, though no context can be asked about."""
    row, models = found.row(), zip(*found.outcomes.values(), strict=True)
    n_broken = sum(all(isinstance(outcome, Failure) for [outcome] in of_contexts) for of_contexts in models)
    return replace(row, n_failed=row.n_failed - n_broken * (len(found.outcomes) - 1))
