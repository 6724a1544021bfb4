"""A walk along a sequence of passages: at each step the model learns one passage, is merged, and is asked.

A route says what each step trains on: the model's own self-edits, or the passage alone with the compute of another
walk. At most two models of a walk are on disk at any time. The old model is deleted only when the next one is recorded,
so a killed run always finds the model to continue from.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from seal import loop
from seal.base.seeds import derive
from seal.recipe.budget import Budgeted, Spent, joined, with_budget_of
from seal.recipe.matching import Match
from seal.recipe.merging import Merging, Step
from seal.types import Context, Evaluation, Failure, Plan, Policy
from seal.work.examining import examine
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab
from seal.work.trying import Trial

Outcomes = Sequence[Evaluation | Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The outcomes of one sequence, up to the first failed step."""

    rows: tuple[Outcomes, ...]
    """The evaluations after each step."""
    spent: tuple[Spent | None, ...]
    """The training of each step; None if there was nothing to train on."""

    @property
    def n_invalid(self) -> int:
        return sum(one is None for one in self.spent)


@dataclass(frozen=True, kw_only=True)
class Route(ABC):
    """The training data for each step of a sequence."""

    name: str
    """The unique name of the walk."""
    sequence: Sequence[Context]
    asked: Sequence[Sequence[Context]]
    """The contexts asked about after each step."""

    @property
    @abstractmethod
    def units_per_lesson(self) -> int:
        """Units of work per step, without asking and grading."""

    @abstractmethod
    def lesson(self, lab: Lab, policy: Policy, step: int) -> Budgeted | None:
        """The plan for a step, counted from 0; None if the route has ended."""

    def branch(self, step: int) -> str:
        """The branch of the policy after `step` steps."""
        return f"{self.name}/step_{step}"


@dataclass(frozen=True, kw_only=True)
class OnSelfEdits(Route):
    """The model writes self-edits about each passage, and trains on all of them together."""

    edits_per_context: int

    @property
    def units_per_lesson(self) -> int:
        return self.edits_per_context + 1

    def lesson(self, lab: Lab, policy: Policy, step: int) -> Budgeted | None:
        context = self.sequence[step]
        edits = loop.propose(lab, policy, [context], per_context=self.edits_per_context)
        return Budgeted(plan=joined(lab.run.self_edit.read(context, edit) for edit in edits))


@dataclass(frozen=True, kw_only=True)
class OnPassages(Route):
    """Each passage alone, with the compute of the same step in another walk. If that trained nothing, so does this."""

    like: Walk
    match: Match

    @property
    def units_per_lesson(self) -> int:
        return 1

    def lesson(self, lab: Lab, policy: Policy, step: int) -> Budgeted | None:
        if step >= len(self.like.spent):
            return None
        spent = self.like.spent[step]
        if spent is None:
            return Budgeted(plan=Plan(sequences=()))
        random = Random(derive(lab.run.seed, self.branch(step)))
        return with_budget_of(spent, [lab.run.self_edit.unedited(self.sequence[step])], match=self.match, random=random)


def walk(lab: Lab, route: Route) -> Walk:
    """Learn a sequence step by step. The walk ends early if a training fails or the route ends."""
    rows: list[Outcomes] = []
    spent = []
    for policy, of_step in _models(lab, route):
        trials = [Trial(context=context, source="unadapted") for context in route.asked[len(rows)]]
        rows.append(examine(lab, policy, trials, title="asking"))
        spent.append(of_step)
    return Walk(rows=tuple(rows), spent=tuple(spent))


def _models(lab: Lab, route: Route) -> Iterator[tuple[Policy, Spent | None]]:
    """The model after each successful step, with the step's training. Each stays on disk until the next one exists."""
    policy = Policy(round=0, branch=route.branch(0))
    for step in range(len(route.sequence)):
        lesson = route.lesson(lab, policy, step)
        made = _take_step(lab, policy, lesson, next_branch=route.branch(step + 1)) if lesson else None
        if made is None or isinstance(made, Failure):
            _skip_rest(lab, route, step, n_begun=step if made is None else step + 1)
            break
        following, spent = made
        if policy.weights and policy.weights != following.weights:
            lab.store.discard(policy.weights)
        policy = following
        yield policy, spent
    if policy.weights:
        lab.store.discard(policy.weights)


def _take_step(
    lab: Lab, policy: Policy, lesson: Budgeted, *, next_branch: str
) -> tuple[Policy, Spent | None] | Failure:
    """The model after a lesson, and the lesson's training. A lesson without sequences leaves the model unchanged."""
    if not lesson.plan.sequences:
        lab.skip("a training without anything to train on", 1)
        return Policy(round=0, branch=next_branch, weights=policy.weights), None
    step = Step(lesson=lesson, folder=f"policies/{next_branch.replace('/', '_')}")
    [made] = fulfil(lab, Merging(policy=policy, title=f"{next_branch}: training, merging"), [step])
    if isinstance(made, Failure):
        return made
    following = Policy(round=0, branch=next_branch, weights=step.folder)
    return following, Spent(plans=(lesson.plan,), training=made.training)


def _skip_rest(lab: Lab, route: Route, n_asked: int, *, n_begun: int) -> None:
    """Count the rest of the walk as not needed, after `n_asked` steps were asked and `n_begun` lessons begun."""
    n_unasked = sum(map(len, route.asked[n_asked:]))
    n_lessons = len(route.sequence) - n_begun
    lab.skip("what a broken training leaves undone", n_lessons * route.units_per_lesson + 2 * n_unasked)
