"""What policies wrote, in numbers."""

import json

import pytest

from seal.report.attempts import Story
from seal.report.writing import compared, lengths, settings_chosen
from seal.types import Context, Invalid, Plan, SelfEdit, TrainingSequence

CONTEXT = Context(id="c", title="C", text="A passage.", queries=())


def story(
    text: str, *, policy: str = "round_0", valid: bool | None = True, practised: bool = False, chosen: bool = True
) -> Story:
    plan: Plan | Invalid | None = (
        Plan(sequences=(TrainingSequence(text=text),) * 3) if valid else Invalid(reason="no JSON")
    )
    if valid is None:
        plan = None
    return Story(
        policy=policy,
        context=CONTEXT,
        self_edit=SelfEdit(context_id="c", index=0, text=text, finished=True),
        plan=plan,
        baseline=None,
        evaluations=(),
        reward=None,
        kept=False,
        practised=practised,
        chosen=chosen,
    )


def settings(rate: float, *, basic: bool) -> str:
    return json.dumps({"data_generation": {"use_basic": basic}, "training": {"learning_rate": rate}})


def test_policies_are_compared_on_measured_attempts_or_else_on_practice() -> None:
    measured, practised, set_aside = story("a"), story("b", practised=True), story("c", chosen=False)
    assert compared([measured, practised, set_aside]) == [measured]
    assert compared([practised, set_aside]) == [practised]


def test_words_are_given_with_their_spread_and_invalid_ones_are_counted() -> None:
    texts = ["word " * n for n in range(1, 12)]
    [before, after] = lengths([*map(story, texts), story("two words", policy="round_1", valid=False)])
    assert before.words == pytest.approx((2, 6, 10))
    assert (before.n_self_edits, before.n_invalid, before.sequences) == (11, 0, 3)
    assert (after.words, after.n_invalid, after.sequences) == ((2, 2, 2), 1, None)


def test_how_many_are_invalid_is_not_claimed_where_the_format_is_unknown() -> None:
    [found] = lengths([story("a"), story("b", valid=None)])
    assert found.n_invalid is None


def test_settings_are_shares_of_valid_self_edits_by_policy_and_sorted_by_size() -> None:
    found = settings_chosen(
        [
            story(settings(0.01, basic=True)),
            story(settings(0.001, basic=False)),
            story(settings(0.5, basic=True), valid=False),
            story(settings(0.001, basic=False), policy="round_1"),
        ]
    )
    assert [(one.setting, one.value, dict(one.shares)) for one in found] == [
        ("use_basic", "true", {"round_0": 0.5, "round_1": 0.0}),
        ("learning_rate", "0.001", {"round_0": 0.5, "round_1": 1.0}),
        ("learning_rate", "0.01", {"round_0": 0.5, "round_1": 0.0}),
    ]


def test_prose_chooses_no_settings() -> None:
    assert settings_chosen([story("It lies on the Rhee."), story("[1, 2]"), story("{")]) == []
