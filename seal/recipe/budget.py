"""Matched training on several passages at once, with the compute of the self-edits about them.

The number of optimizer steps depends on the tokenizer. So the plan carries a budget of tokens, and the process that
trains turns it into steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from seal.inner import Inner
from seal.recipe.matching import Match, refilled
from seal.types import Failure, Invalid, Plan, Training

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A training on self-edits whose compute is to be matched."""

    plans: tuple[Plan, ...]
    """The plans of that training, one per passage."""
    training: Training
    """The record of that training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """A plan with a budget of tokens."""

    plan: Plan
    n_tokens: int | None = None
    """Trained tokens over all optimizer steps. None leaves the length to the plan and the settings."""


def joined(plans: Iterable[Plan | Invalid | Failure]) -> Plan:
    """One plan with the sequences of all plans, without duplicates."""
    sequences = [sequence for plan in plans if isinstance(plan, Plan) for sequence in plan.sequences]
    return Plan(sequences=tuple(dict.fromkeys(sequences)))


def with_budget_of(spent: Spent, passages: Sequence[Plan], *, match: Match, random: Random) -> Budgeted:
    """The passages alone, with the compute of `spent`. `match` says which measure of compute is equal.

    `passages` has one plan per passage, in the order of `spent.plans`. With `both`, each passage fills as many
    sequences as its self-edits have.
    """
    if match == "tokens":
        return Budgeted(plan=joined(passages), n_tokens=spent.training.trained_tokens)
    plan = joined(passages)
    if match == "both":
        filled = [refilled(passage, like, random) for passage, like in zip(passages, spent.plans, strict=True)]
        plan = Plan(sequences=tuple(sequence for each in filled for sequence in each.sequences))
    return Budgeted(plan=plan.with_settings({"steps": len(spent.training.losses)}))


def lasting(inner: Inner, backbone: "Backbone", budgeted: Budgeted) -> Plan:
    """The plan with the number of optimizer steps nearest to its budget, at least one."""
    examples = inner.examples(backbone, budgeted.plan)
    n_epoch_tokens = sum(example.n_trained for example in examples)
    if budgeted.n_tokens is None or not n_epoch_tokens:
        return budgeted.plan
    tokens_per_step = n_epoch_tokens / inner.steps_per_epoch(len(examples))
    return budgeted.plan.with_settings({"steps": max(1, round(budgeted.n_tokens / tokens_per_step))})
