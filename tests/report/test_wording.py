"""Numbers as people read them."""

import pytest

from seal import config
from seal.report.wording import choices, interval, label, meanings, phase_label, share, signed, trains


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.25, "+0.250"), (-0.25, "-0.250"), (-0.0001, "0.000"), (0.0, "0.000"), (0.0005001, "+0.001")],
)
def test_a_difference_has_a_sign_unless_it_rounds_to_nothing(value: float, written: str) -> None:
    assert signed(value) == written


def test_the_unknown_is_called_so_and_has_no_interval() -> None:
    assert (share(None), interval(None)) == ("unknown", "")
    assert interval((0.1, 0.25)) == "0.100 to 0.250"
    assert interval((-0.1, 0.25), of_difference=True) == "-0.100 to +0.250"


def test_settings_have_names_in_words() -> None:
    assert [label(name) for name in ("self_edits_round_0", "passage_only", "round_2")] == [
        "untrained self-edits",
        "passage only",
        "round 2",
    ]


def test_a_phase_names_its_policy_in_words() -> None:
    assert phase_label("round_0: grading") == "untrained policy: grading"
    assert phase_label("round_2: writing self-edits") == "round 2: writing self-edits"
    assert phase_label("merging") == "merging"


def test_whoever_sees_a_table_for_the_first_time_is_told_what_its_settings_are() -> None:
    said = meanings(["base", "self_edits_round_0", "round_1", "round_2", "something_new"])
    assert said == (
        "base: the model as it is; untrained self-edits: trained on what the untrained policy wrote; "
        "round n: trained on what the policy wrote after n updates"
    )
    assert meanings(["something_new"]) == ""
    assert meanings(["base", "adapted"]) == (
        "base: the model as it is; adapted: trained once, for all contexts together"
    )


@pytest.mark.parametrize(("inner", "said"), [("none", False), ("lora", True)])
def test_what_no_inner_loop_trained_is_not_said_to_be_trained(inner: str, said: bool) -> None:
    _, settings = config.load(["recipe=evaluate", f"inner={inner}"])
    table = ["base", "passage_only", "self_edits_round_0", "round_1"]
    found = meanings(table, trained=trains(settings))
    assert found.startswith("base: the model as it is")
    assert ("trained on" in found) is said


def test_what_was_run_is_said_by_the_options_that_were_chosen() -> None:
    own = {"_target_": "mine.Task"}
    settings = {"recipe": {"_target_": "seal.recipe.train.Train"}, "task": own, "model": None, "seed": 0}
    assert choices(settings) == "recipe train, task Task"


@pytest.mark.parametrize(
    ("told", "model"),
    [
        (["model=tiny"], "tiny"),
        (["model=qwen2_5_7b"], "Qwen/Qwen2.5-7B"),
        (["model=local", "model.path=/models/of/mine/"], "mine"),
        (["model=local", "model.path=models/mine"], "models/mine"),
    ],
)
def test_a_model_is_called_by_its_weights_where_many_have_one_class(told: list[str], model: str) -> None:
    _, settings = config.load(told)
    assert choices(settings).endswith(f", model {model}")
