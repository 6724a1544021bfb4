"""Models are asked: each query has its own seed, and an answer that is none is a failure and never a score."""

from dataclasses import replace
from pathlib import Path

import pytest

from seal import loop
from seal.base.monitor import Silent
from seal.config.loading import load
from seal.folder.store import Store
from seal.recipe.measuring import failure_notes, measurement
from seal.stats.statistics import accuracy
from seal.types import Answered, Completion, Context, Evaluation, Failure, Grade, Plan, Policy, Query, SelfEdit
from seal.work.examining import ask_unadapted
from seal.work.lab import Lab
from seal.work.trying import answered
from tests.engines import Scripted, Writer, says

POLICY = Policy(round=0)
QUERIES = tuple(Query(question=f"{n}?", prompt=f"{n}?", target="right") for n in range(3))
CONTEXT = Context(id="c", title="C", text="About C.", queries=QUERIES)


def lab_with(engine: Scripted, folder: Path) -> Lab:
    run, _ = load(["experiment=tiny", "task.n_train=2", "task.n_held_out=1", "cluster.threads=1", "inner.epochs=1"])
    folder.mkdir(exist_ok=True)
    run = replace(run, engine=engine)
    return Lab(run=run, store=Store(folder), contexts=run.task.load(), monitor=Silent(), log=lambda metrics: None)


def test_the_seeds_of_the_queries_of_a_context_differ_and_stay_the_same(tmp_path: Path) -> None:
    seeds = []
    for name in ("a", "b"):
        engine = says("right")
        ask_unadapted(lab_with(engine, tmp_path / name), POLICY, [CONTEXT])
        seeds.append([request.seed for request in engine.writer.requests])
    assert len(set(seeds[0])) == len(QUERIES)
    assert seeds[0] == seeds[1]


@pytest.mark.parametrize(
    "none",
    [
        Completion(text="", finished=False, failure="the model's logits are not finite"),
        Completion(text="<think>\nIs it wrong?", finished=False),
        Completion(
            text="", finished=False, thought="<think>Is it", failure="the text reached its end within a thought"
        ),
    ],
)
def test_an_answer_that_is_none_has_no_score_and_is_counted(tmp_path: Path, none: Completion) -> None:
    texts = [Completion(text="<think>wrong</think>\nright", finished=True), none, Completion(text="no", finished=True)]
    lab = lab_with(Scripted(writer=Writer(texts.__getitem__)), tmp_path)
    [found] = ask_unadapted(lab, POLICY, [CONTEXT])
    assert isinstance(found, Evaluation)
    assert [verdict.grade for verdict in found.verdicts] == [Grade.CORRECT, Grade.UNKNOWN, Grade.WRONG]
    assert [verdict.answer for verdict in found.verdicts] == ["right", "", "no"]
    assert accuracy(found) == 0.5
    measured = measurement("unadapted", [CONTEXT], [[found]])
    assert (measured.row().n_unknown, measured.row().n_unmarked, measured.row().accuracy) == (1, 0, 0.5)
    [note] = failure_notes([measured])
    assert "answers failed, and have no score: 1 × the" in note
    [again] = lab_with(says("not asked again"), tmp_path).store.records("answers", Answered).values()
    assert again.completions[1].failure
    assert again.completions[0].thought == "<think>wrong</think>"


def test_where_no_answer_is_one_nothing_is_known(tmp_path: Path) -> None:
    [found] = ask_unadapted(lab_with(says("<think>"), tmp_path), POLICY, [CONTEXT])
    assert isinstance(found, Evaluation)
    assert accuracy(found) is None


def test_records_without_thoughts_or_failures_are_what_they_were() -> None:
    plain = answered((Completion(text="a", finished=True),), seed=3, training=None)
    assert isinstance(plain, Answered)
    assert plain == Answered(seed=3, training=None, answers=("a",))


def test_a_self_edit_that_is_none_trains_nothing_and_has_no_reward(tmp_path: Path) -> None:
    lab = lab_with(says("right"), tmp_path)
    context = lab.contexts.train[0]
    edit = SelfEdit(context_id=context.id, index=0, text="", finished=False, failure="within a thought")
    [attempt] = loop.try_out(lab, POLICY, [context], [edit], repeats=2)
    assert attempt.plan == Failure(reason="within a thought")
    assert (attempt.evaluations, attempt.reward) == ((), None)
    assert lab.run.outer.lessons([attempt]) == []


def test_thoughts_are_no_part_of_what_is_trained_on(tmp_path: Path) -> None:
    lab = lab_with(
        says("<think>\nWhat is new?\nThe mill.\n</think>\n\nThe mill is old.\nIt is big.", "<think>So"), tmp_path
    )
    context = lab.contexts.train[0]
    edits = loop.propose(lab, POLICY, [context], per_context=2)
    assert edits[0].text == "The mill is old.\nIt is big."
    assert "What is new?" in edits[0].thought
    assert (edits[1].text, bool(edits[1].failure)) == ("", True)
    form = lab.run.self_edit
    plan = form.read(context, edits[0])
    assert isinstance(plan, Plan)
    assert not any("new?" in sequence.text for sequence in plan.sequences)
    assert isinstance(form.read(context, edits[1]), Failure)
