"""Passages that are trained together, for as long as the self-edits about them were.

How many optimizer steps that takes depends on the tokenizer. So a budget of tokens travels with the plan to whoever
trains, and becomes steps there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from seal.inner import Inner
from seal.recipe.matching import Match, refilled
from seal.types import Invalid, Plan, Training

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A training on self-edits, to be matched."""

    plans: tuple[Plan, ...]
    """What was trained on together, by passage."""
    training: Training
    """What that took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """A plan, and for how long it is trained."""

    plan: Plan
    n_tokens: int | None = None
    """Trained tokens of all optimizer steps together; None leaves the length to the plan and to the settings."""


def joined(plans: Iterable[Plan | Invalid]) -> Plan:
    """All sequences of some plans, without repetitions."""
    sequences = [sequence for plan in plans if isinstance(plan, Plan) for sequence in plan.sequences]
    return Plan(sequences=tuple(dict.fromkeys(sequences)))


def with_budget_of(spent: Spent, passages: Sequence[Plan], *, match: Match, random: Random) -> Budgeted:
    """The passages alone, one plan each in the order of `spent.plans`, with what `match` holds equal to that training.

    With `both`, each passage fills as many sequences as its self-edits have.
    """
    if match == "tokens":
        return Budgeted(plan=joined(passages), n_tokens=spent.training.trained_tokens)
    plan = joined(passages)
    if match == "both":
        filled = [refilled(passage, like, random) for passage, like in zip(passages, spent.plans, strict=True)]
        plan = Plan(sequences=tuple(sequence for each in filled for sequence in each.sequences))
    return Budgeted(plan=plan.with_settings({"steps": len(spent.training.losses)}))


def lasting(inner: Inner, backbone: "Backbone", budgeted: Budgeted) -> Plan:
    """The plan with the whole number of optimizer steps that comes nearest to its budget, and at least one."""
    examples = inner.examples(backbone, budgeted.plan)
    n_epoch_tokens = sum(example.n_trained for example in examples)
    if budgeted.n_tokens is None or not n_epoch_tokens:
        return budgeted.plan
    tokens_per_step = n_epoch_tokens / inner.steps_per_epoch(len(examples))
    return budgeted.plan.with_settings({"steps": max(1, round(budgeted.n_tokens / tokens_per_step))})
