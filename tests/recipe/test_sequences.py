"""A walk by scripted lessons: what is learned at each step, where it ends, and what is left on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from seal.config.loading import load
from seal.folder.store import Store
from seal.recipe.budget import Budgeted, Spent
from seal.recipe.sequences import OnPassages, OnSelfEdits, Route, Walk, walk
from seal.types import Plan, Policy, Training, TrainingSequence
from seal.work.lab import Lab
from tests.conftest import Interrupting
from tests.values import context

QUICK = (
    "recipe=continual",
    "task=facts",
    "task.n_held_out=3",
    "task.max_answer_tokens=4",
    "inner.epochs=1",
    "inner.targets=[all-linear]",
    "cluster.threads=1",
)
LESSON = Plan(sequences=(TrainingSequence(text="Ada lives in Ashby."),))
NOTHING = Plan(sequences=())
DIVERGING = LESSON.with_settings({"learning_rate": 1e30, "steps": 4})


@dataclass(frozen=True, kw_only=True)
class Scripted(Route):
    """Lessons that are known beforehand."""

    plans: Sequence[Plan | None]

    @property
    def units_per_lesson(self) -> int:
        return 1

    def lesson(self, lab: Lab, policy: Policy, step: int) -> Budgeted | None:
        plan = self.plans[step]
        return plan if plan is None else Budgeted(plan=plan)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    run, _ = load(QUICK)
    return Lab(
        run=run, store=Store(tmp_path), contexts=run.task.load(), monitor=Interrupting(), log=lambda metrics: None
    )


def walked(lab: Lab, *plans: Plan | None) -> Walk:
    contexts = lab.contexts.held_out
    return walk(lab, Scripted(name="scripted", sequence=contexts, asked=[contexts] * 3, plans=plans))


@pytest.mark.parametrize(
    ("plans", "spent"),
    [
        ((LESSON, LESSON, LESSON), [True, True, True]),
        ((LESSON, NOTHING, LESSON), [True, False, True]),
        ((NOTHING, NOTHING, NOTHING), [False, False, False]),
        ((LESSON, DIVERGING, LESSON), [True]),
        ((LESSON, NOTHING, None), [True, False]),
        ((None, None, None), []),
    ],
)
def test_a_walk_goes_as_far_as_its_lessons_work_and_accounts_for_every_unit(
    lab: Lab, plans: tuple[Plan | None, ...], spent: list[bool]
) -> None:
    found = walked(lab, *plans)
    assert [one is not None for one in found.spent] == spent
    assert [len(row) for row in found.rows] == [3] * len(spent)
    assert found.n_invalid == spent.count(False)
    assert isinstance(lab.monitor, Interrupting)
    assert lab.monitor.n_done == 3 * (1 + 2 * 3)
    assert not list(lab.store.folder.rglob("*.safetensors"))


def spent(n_tokens: int, steps: int) -> Spent:
    training = Training(n_sequences=1, n_tokens=5, losses=(1.0,) * steps, trained_tokens=n_tokens)
    return Spent(plans=(LESSON,), training=training)


def on_passages(match: str, *of_steps: Spent | None) -> OnPassages:
    contexts = [context(name) for name in "abc"]
    like = Walk(rows=((),) * len(of_steps), spent=of_steps)
    return OnPassages(
        name="sequence_1_matched",
        sequence=contexts,
        asked=[contexts] * 3,
        like=like,
        match=match,  # type: ignore[arg-type]
    )


def test_each_passage_gets_what_its_own_step_of_the_other_walk_took(lab: Lab) -> None:
    route = on_passages("tokens", spent(70, 7), spent(90, 9), spent(20, 2))
    lessons = [route.lesson(lab, Policy(round=0), step) for step in range(3)]
    assert [lesson and lesson.n_tokens for lesson in lessons] == [70, 90, 20]
    assert [lesson and lesson.plan.sequences[0].text for lesson in lessons] == [
        f"{name}\nAbout {name}." for name in "abc"
    ]
    lesson = on_passages("updates", spent(70, 7)).lesson(lab, Policy(round=0), 0)
    assert lesson is not None
    assert (lesson.n_tokens, lesson.plan.settings) == (None, {"steps": 7})


def test_where_the_other_walk_trained_nothing_or_ended_so_does_this_one(lab: Lab) -> None:
    route = on_passages("tokens", spent(70, 7), None)
    assert route.lesson(lab, Policy(round=0), 1) == Budgeted(plan=NOTHING)
    assert route.lesson(lab, Policy(round=0), 2) is None


def test_the_policies_of_two_walks_along_a_sequence_have_names_of_their_own() -> None:
    first = OnSelfEdits(name="sequence_1", sequence=(), asked=(), edits_per_context=1)
    branches = [route.branch(step) for route in (first, on_passages("tokens")) for step in range(3)]
    assert len(set(branches)) == 6
    assert branches[-1] == "sequence_1_matched/step_2"
