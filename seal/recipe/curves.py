"""Accuracy against training: every setting of a comparison, trained anew for other numbers of epochs."""

from collections.abc import Mapping, Sequence

from seal.recipe.evaluator import Evaluator
from seal.recipe.measuring import setting_of
from seal.recipe.tuning import GIVEN
from seal.stats.results import Curve, CurvePoint
from seal.types import Attempt, Context, Plan, Policy
from seal.work.trying import Trial


def curves(
    evaluator: Evaluator, by_policy: Mapping[Policy, Sequence[Attempt]], epochs: Sequence[int]
) -> tuple[Curve, ...]:
    """Contexts alone, and policies' self-edits as they were tried out, trained for other numbers of epochs."""
    if not epochs:
        return ()
    alone = [
        (context, index, evaluator.plan_alone(context).with_settings(evaluator.tuner.for_passages()))
        for context in evaluator.contexts
        for index in range(evaluator.edits_per_context)
    ]
    found = [_curve(evaluator, evaluator.lab.run.self_edit.unedited_setting, GIVEN, alone, epochs)]
    for policy, attempts in by_policy.items():
        planned = [(one.context, one.self_edit.index, one.plan) for one in attempts if isinstance(one.plan, Plan)]
        found.append(_curve(evaluator, setting_of(policy), policy, planned, epochs))
    return tuple(found)


def _curve(
    evaluator: Evaluator,
    setting: str,
    policy: Policy,
    planned: Sequence[tuple[Context, int, Plan]],
    epochs: Sequence[int],
) -> Curve:
    points = []
    for number in epochs:
        trials = [
            Trial(
                context=context,
                source=f"{setting}_{number}_epochs_{index}",
                plan=plan.with_settings({"epochs": number}),
            )
            for context, index, plan in planned
        ]
        row = evaluator.examined(setting, trials, policy=policy, title=f"curve of {setting}, {number} epochs").row()
        if row.accuracy is not None and row.tokens and row.updates:
            points.append(
                CurvePoint(epochs=number, tokens=row.tokens, updates=row.updates, accuracy=row.accuracy, ci95=row.ci95)
            )
    return Curve(setting=setting, points=tuple(points))
