"""Rows in which one model is trained on a whole corpus: their training data, training, and measurements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from seal.base.seeds import derive
from seal.recipe.budget import Budgeted, Spent, joined, with_budget_of
from seal.recipe.consolidation import CORPORA, AskingConsolidated, Consolidating, Corpus
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
"""The matched row: the passages alone, with the compute of the self-edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A model trained on a whole corpus, and its evaluations."""

    outcomes: Sequence[Evaluation | Failure]
    """One per context."""
    training: Training | None
    """None if it failed."""
    seconds: float | None
    """Time to train the model and to ask it everything; None if unknown."""


def one_plan(lab: Lab, contexts: Sequence[Context], edits: Sequence[SelfEdit]) -> Plan:
    """One plan with the sequences of all self-edits and passages, without duplicates."""
    context_of = {context.id: context for context in contexts}
    plans = [lab.run.self_edit.read(context_of[edit.context_id], edit) for edit in edits]
    return joined([*plans, *map(lab.run.self_edit.unedited, contexts)])


def n_unusable(lab: Lab, contexts: Sequence[Context], edits: Sequence[SelfEdit]) -> int:
    """How many of the self-edits say nothing to train on."""
    context_of = {context.id: context for context in contexts}
    read = (lab.run.self_edit.read(context_of[edit.context_id], edit) for edit in edits)
    return sum(not isinstance(plan, Plan) for plan in read)


def left_out_of_corpus(lab: Lab, contexts: Sequence[Context], edits: Sequence[SelfEdit]) -> Iterator[str]:
    """What was left out of the corpus, for people."""
    if n_invalid := n_unusable(lab, contexts, edits):
        yield f"{n_invalid} of {len(edits)} self-edits could not be trained on and were left out of the corpus"


def train_and_ask(
    lab: Lab, policy: Policy, corpus: Corpus, contexts: Sequence[Context], *, keep: bool = False
) -> Examined:
    """Train on a corpus and ask all contexts. Unless it is kept, the model is deleted once every answer is recorded.

    If the training fails, each context gets the failure as its outcome, and nothing is asked.
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
    if not keep:
        lab.store.discard(corpus.folder)
    outcomes = grade(lab, policy, contexts, map(asking.key, contexts), answers)
    seconds = seconds_of(lab, training.title, asking.title, n_asked=len(contexts))
    return Examined(outcomes=outcomes, training=made.training, seconds=seconds)


def seconds_of(lab: Lab, training: str, asking: str, *, n_asked: int) -> float | None:
    """Seconds for one model in the phases with these titles: its training, and `n_asked` contexts asked."""
    trained, asked = lab.seconds_per_unit(training), lab.seconds_per_unit(asking)
    return None if trained is None or asked is None else round(trained + n_asked * asked, 3)


def passages_as_long(
    lab: Lab, edits: Sequence[SelfEdit], training: Training | None, *, contexts: Sequence[Context], match: Match
) -> Budgeted | None:
    """The contexts alone, with the compute of one training on their self-edits.

    None if that training failed, because its compute is unknown; and if no self-edit was valid, because that training
    was on the contexts alone already.
    """
    if training is None or n_unusable(lab, contexts, edits) == len(edits):
        return None
    by_context = {context.id: [edit for edit in edits if edit.context_id == context.id] for context in contexts}
    spent = Spent(
        plans=tuple(one_plan(lab, [context], by_context[context.id]) for context in contexts), training=training
    )
    passages = [lab.run.self_edit.unedited(context) for context in contexts]
    return with_budget_of(spent, passages, match=match, random=Random(derive(lab.run.seed, MATCHED)))


def models_of_passages(
    lab: Lab, policy: Policy, lesson: Budgeted | None, asked: Sequence[Context], *, repeats: int
) -> list[Examined]:
    """Train `repeats` models on the contexts alone, and ask each. Empty without a lesson."""
    if lesson is None:
        lab.skip("as much training on the contexts alone", repeats * (1 + 2 * len(asked)))
        return []
    corpora = [
        Corpus(name=f"{MATCHED}/{repeat}", lesson=lesson, folder=f"{CORPORA}/{MATCHED}_{repeat}")
        for repeat in range(repeats)
    ]
    return [train_and_ask(lab, policy, corpus, asked) for corpus in corpora]


def of_models(
    setting: str, contexts: Sequence[Context], models: Sequence[Examined], *, matched_to: str | None = None
) -> Measurement:
    """The measurement of models that differ only in their seeds."""
    return replace(
        measurement(setting, contexts, list(zip(*(model.outcomes for model in models), strict=True))),
        matched_to=matched_to,
        trainings=tuple(model.training for model in models if model.training),
        seconds=mean([model.seconds for model in models if model.seconds is not None]),
    )


def row_of(found: Measurement) -> Row:
    """The row of one or more models. A failed training counts as one failure, not as one per context."""
    row, models = found.row(), zip(*found.outcomes.values(), strict=True)
    n_broken = sum(all(isinstance(outcome, Failure) for [outcome] in of_contexts) for of_contexts in models)
    return replace(row, n_failed=row.n_failed - n_broken * (len(found.outcomes) - 1))
