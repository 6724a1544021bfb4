"""The method's story, told by small doubles: what is practised, rewarded, left out and learned from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from seal import loop
from seal.base.monitor import Silent
from seal.config.loading import load
from seal.folder.store import Store
from seal.types import Evaluation, Failure, Invalid, Plan, Policy, SelfEdit, TrainingSequence
from seal.work.lab import Lab
from tests.values import attempt, evaluation

PLAN = Plan(sequences=(TrainingSequence(text="x"),))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    run, _ = load(["experiment=tiny", "task.n_train=2", "task.n_held_out=1", "cluster.threads=1"])
    run = replace(run, self_edit=replace(run.self_edit, max_new_tokens=24), inner=replace(run.inner, epochs=1))
    return Lab(run=run, store=Store(tmp_path), contexts=run.task.load(), monitor=Silent(), log=lambda metrics: None)


@pytest.mark.parametrize(
    ("plan", "evaluations", "reward"),
    [
        (PLAN, [evaluation("cw")], 0.5),
        (PLAN, [evaluation("cc"), evaluation("ww")], 0.5),
        (PLAN, [evaluation("cc"), Failure(reason="broke")], 1.0),
        (PLAN, [Failure(reason="broke")], None),
        (PLAN, [evaluation("??")], None),
        (Invalid(reason="empty"), [], 0.0),
    ],
)
def test_a_reward_is_the_mean_of_what_is_known_and_a_failure_is_never_a_score(
    lab: Lab, plan: Plan | Invalid, evaluations: Sequence[Evaluation | Failure], reward: float | None
) -> None:
    tried = attempt("a", 0, None, plan=plan, evaluations=tuple(evaluations))
    assert loop.reward_of(lab, tried) == reward


def test_each_self_edit_is_tried_as_often_as_asked_with_different_seeds(lab: Lab) -> None:
    contexts = lab.contexts.train
    edits = loop.propose(lab, Policy(round=0), contexts, per_context=2)
    assert [(edit.context_id, edit.index) for edit in edits] == [(c.id, k) for c in contexts for k in range(2)]
    attempts = loop.try_out(lab, Policy(round=0), contexts, edits, repeats=3)
    for tried in attempts:
        assert len({one.seed for one in tried.evaluations if isinstance(one, Evaluation)}) == 3
        assert all(len(one.verdicts) == 6 for one in tried.evaluations if isinstance(one, Evaluation))


def test_a_round_may_practise_on_self_edits_that_are_not_split(lab: Lab) -> None:
    lab.run = replace(lab.run, self_edit=replace(lab.run.self_edit, unsplit_rounds=(2,), append_passage=False))
    context = lab.contexts.train[0]
    edits = [SelfEdit(context_id=context.id, index=0, text="One.\nTwo.", finished=True)]
    [measured] = loop.try_out(lab, Policy(round=1), [context], edits, repeats=0)
    practised = [loop.practise(lab, Policy(round=n), [context], edits, repeats=0)[0] for n in (0, 1)]
    assert [len(one.plan.sequences) for one in (measured, *practised) if isinstance(one.plan, Plan)] == [2, 2, 1]


def test_an_invalid_self_edit_costs_no_training(lab: Lab) -> None:
    lab.run = replace(lab.run, self_edit=replace(lab.run.self_edit, append_passage=False))
    context = lab.contexts.train[0]
    edits = [SelfEdit(context_id=context.id, index=0, text=" \n", finished=True)]
    [attempt] = loop.try_out(lab, Policy(round=0), [context], edits, repeats=3)
    assert isinstance(attempt.plan, Invalid)
    assert (attempt.evaluations, attempt.reward) == ((), 0.0)


def test_a_round_ends_with_the_policy_that_its_update_made(lab: Lab) -> None:
    [turn] = loop.train(lab, Policy(round=0), [lab.contexts.train], edits_per_context=2, repeats=1)
    assert turn.next == Policy(round=1, weights=turn.update.weights)
    assert len(turn.attempts) == 4


def test_further_repeats_go_only_to_the_undecided(lab: Lab) -> None:
    lab.run = replace(lab.run, outer=replace(lab.run.outer, extra_repeats=2, close=0.0))
    edits = loop.propose(lab, Policy(round=0), lab.contexts.train, per_context=3)
    attempts = loop.practise(lab, Policy(round=0), lab.contexts.train, edits, repeats=1)
    assert {len(one.evaluations) for one in attempts} <= {1, 2, 3}
    first = loop.try_out(lab, Policy(round=0), lab.contexts.train, edits, repeats=1)
    undecided = lab.run.outer.undecided(first)
    assert [one.name for one in attempts if len(one.evaluations) > 1] == undecided
    assert undecided
