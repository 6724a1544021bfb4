"""Numbers as people read them."""

from dataclasses import replace

import pytest

from seal.authorship import UNTRAINED, Author
from seal.config import loading
from seal.report.wording import (
    amount,
    brackets,
    choices,
    duration,
    interval,
    label,
    label_below,
    meanings,
    paired,
    phase_label,
    share,
    signed,
    trains,
    tuned_sentence,
    what_was_matched,
)
from seal.stats.results import Comparison, Tuned


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


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("self_edits_round_0", "untrained self-edits"),
        ("passage_only", "passage only"),
        ("round_2", "round 2"),
        ("passage_matched", "passage, matched"),
        ("oracle_matched", "oracle, matched"),
        ("passage_matched_round_2", "passage, matched to round 2"),
        ("untrained_matched_round_12", "untrained, matched to round 12"),
    ],
)
def test_settings_have_names_in_words(setting: str, said: str) -> None:
    assert label(setting) == said


def test_under_its_setting_a_matched_row_has_a_shorter_name() -> None:
    assert label_below("untrained_matched_round_2") == "untrained, matched"
    assert label_below("passage_matched") == "passage, matched"


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, ""), (3.4, "3"), (10_240, "10,240"), (99_999.7, "100k"), (123_456, "123k"), (1_234_567, "1.23M")],
)
def test_tokens_are_written_in_six_characters(value: float | None, written: str) -> None:
    assert amount(value) == written


@pytest.mark.parametrize(("value", "written"), [(None, ""), (0.263, "0.26"), (12.34, "12.3"), (1234.5, "1,234")])
def test_seconds_have_the_digits_that_matter(value: float | None, written: str) -> None:
    assert duration(value) == written


def test_an_interval_has_a_short_form() -> None:
    assert (brackets((0.123, 1.0)), brackets(None)) == ("[.12, 1.00]", "")


def test_tuned_settings_are_a_line() -> None:
    found = Tuned(setting="passage_only", learning_rate=0.002, epochs=1, accuracy=0.3, n_contexts=24, n_tried=12)
    assert tuned_sentence(found) == "passage only: learning rate 0.002, 1 epoch, the best of 12 on 24 training contexts"
    assert "40 epochs" in tuned_sentence(replace(found, epochs=40))


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
    assert meanings(["passage_matched", "untrained_matched_round_1", "untrained_matched_round_2"]) == (
        "passage, matched: trained on contexts alone, for as long as on the self-edits; untrained, matched to round n: "
        "trained on what the untrained policy wrote, for as long as round n"
    )
    assert meanings(["base", "adapted"]) == (
        "base: the model as it is; adapted: what is handed out, trained once for all contexts together"
    )
    assert "passage only, n ×: trained on contexts alone, for n times as long" in meanings(["base", "passage_only_4x"])
    assert label("self_edits_round_0_2x") == "untrained self-edits, 2 ×"


def test_self_edits_of_others_are_not_called_the_untrained_policy_s() -> None:
    recorded, served = Author(by="recording", name="base.jsonl"), Author(by="model", name="org/gpt_9")
    assert label("self_edits_round_0", recorded) == "recorded self-edits"
    assert (label("round_0", served), label("round_1", served)) == ("org/gpt_9", "round 1")
    assert meanings(["self_edits_round_0", "round_1"], author=served) == (
        "self-edits of gpt_9: trained on what org/gpt_9 wrote; "
        "round n: trained on what the policy wrote after n updates"
    )
    given = Author(name="demo/round_2")
    assert label_below("untrained_matched_round_1", given) == "self-edits of demo/round_2, matched"
    assert what_was_matched("untrained_matched_round_1", given) == "self-edits of demo/round_2"
    assert phase_label("gpt_9: writing self-edits") == "gpt_9: writing self-edits"


def test_one_setting_of_two_runs_has_two_names_where_others_wrote_its_self_edits() -> None:
    one = Comparison(first="self_edits_round_0", second="self_edits_round_0", difference=0.1, ci95=None, n_contexts=3)
    served = Author(by="model", name="gpt")
    assert paired(one, served, served) == "self-edits of gpt"
    assert paired(one, UNTRAINED, served) == "self-edits of gpt − untrained self-edits"


@pytest.mark.parametrize(("inner", "said"), [("none", False), ("lora", True)])
def test_what_no_inner_loop_trained_is_not_said_to_be_trained(inner: str, said: bool) -> None:
    _, settings = loading.load(["recipe=evaluate", f"inner={inner}"])
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
    _, settings = loading.load(told)
    assert choices(settings).endswith(f", model {model}")
