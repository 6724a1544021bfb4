"""Rows at equal compute, curves and tuned settings, in whole runs of the shipped model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.folder.store import read_records
from seal.types import Evaluation, Failure
from tests.conftest import MATCHED, SMALL

Seal = Callable[..., int]
RUN = Path("outputs/tiny")
ALONE = ("passage_only", "passage_matched")


def results(run: Path = RUN) -> dict[str, list[dict[str, object]]]:
    return json.loads((run / "results.json").read_text())


def outcomes(run: Path) -> dict[str, Evaluation]:
    found = read_records(run / "evaluations.jsonl", Evaluation | Failure)
    return {key: one for key, one in found.items() if isinstance(one, Evaluation) and one.training}


def beside(run: Path, source: str, policy: str) -> list[tuple[Evaluation, Evaluation]]:
    """Each matched training with that of the self-edit whose compute it got."""
    known = outcomes(run)
    pairs = []
    for key, one in known.items():
        _, context, name, repeat = key.split("/")
        stem, _, index = name.rpartition("_")
        if stem == source:
            pairs.append((one, known[f"{policy}/{context}/edit_{index}/{repeat}"]))
    return pairs


@pytest.mark.parametrize(
    ("source", "policy"),
    [
        ("passage_matched", "round_0"),
        ("passage_matched_round_1", "round_1"),
        ("untrained_matched_round_1", "round_1"),
    ],
)
def test_matched_rows_train_on_as_many_tokens_to_within_a_step(
    finished_matched: Path, source: str, policy: str
) -> None:
    pairs = beside(finished_matched, source, policy)
    assert len(pairs) == 3
    for matched, own in pairs:
        assert matched.training is not None
        assert own.training is not None
        step = matched.training.trained_tokens / len(matched.training.losses)
        assert abs(matched.training.trained_tokens - own.training.trained_tokens) <= step


def test_rows_say_what_they_took_and_the_differences_begin_with_the_matched_ones(finished_matched: Path) -> None:
    table = results(finished_matched)["table"]
    assert [row["matched_to"] for row in table if row["matched_to"]] == ["self_edits_round_0", "round_1", "round_1"]
    for row in table[1:]:
        assert row["tokens"] > 0
        assert row["updates"] >= 1
    first = [(one["first"], one["second"]) for one in results(finished_matched)["comparisons"][:3]]
    assert first == [
        ("passage_matched", "self_edits_round_0"),
        ("passage_matched_round_1", "round_1"),
        ("untrained_matched_round_1", "round_1"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("match", ["updates", "both"])
def test_at_equal_updates_the_numbers_of_steps_are_the_same(seal: Seal, match: str) -> None:
    assert seal("run", *SMALL, "recipe.rounds=0", f"recipe.match={match}", "inner.batch_size=2") == 0
    pairs = beside(RUN, "passage_matched", "round_0")
    assert pairs
    for matched, own in pairs:
        assert matched.training is not None
        assert own.training is not None
        assert len(matched.training.losses) == len(own.training.losses)
        if match == "both":
            assert matched.training.trained_tokens == pytest.approx(own.training.trained_tokens, rel=0.25)


@pytest.mark.slow
def test_a_row_that_would_train_as_another_did_is_not_trained_again(seal: Seal) -> None:
    """Of 3 steps each, whatever they train on."""
    assert seal("run", *SMALL, "recipe.rounds=0", "recipe.match=updates", "inner.steps=3") == 0
    alone, matched = (next(row for row in results()["table"] if row["setting"] == name) for name in ALONE)
    assert matched == {**alone, "setting": "passage_matched", "matched_to": "self_edits_round_0"}
    assert not [key for key in outcomes(RUN) if "passage_matched" in key]


@pytest.mark.slow
def test_nothing_is_matched_where_nobody_wants_it_or_nothing_is_trained(seal: Seal) -> None:
    assert seal("run", *SMALL, "recipe.rounds=0", "recipe.match=none") == 0
    assert not [row for row in results()["table"] if row["matched_to"]]
    untrained = ("recipe=evaluate", "inner=none", "task.n_held_out=2", "cluster.threads=1", "name=untrained")
    assert seal("run", *untrained) == 0
    assert not [row for row in results(Path("outputs/untrained"))["table"] if row["matched_to"]]


@pytest.mark.slow
def test_a_curve_has_a_point_for_each_number_of_epochs_and_each_setting(seal: Seal) -> None:
    assert seal("run", *SMALL, MATCHED, "recipe.epochs_curve=[1,3]") == 0
    curves = results()["curves"]
    assert [curve["setting"] for curve in curves] == ["passage_only", "self_edits_round_0", "round_1"]
    for curve in curves:
        first, second = curve["points"]
        assert (first["epochs"], second["epochs"]) == (1, 3)
        assert second["tokens"] == pytest.approx(3 * first["tokens"])


@pytest.mark.slow
def test_settings_are_tuned_for_each_row_on_training_contexts_alone(seal: Seal) -> None:
    tuning = ("recipe.tune_learning_rates=[1e-9,2e-3]", "recipe.tune_epochs=[1,4]", "recipe.tune_contexts=3")
    assert seal("run", *SMALL, *tuning) == 0
    tuned = results()["tuned"]
    assert [one["setting"] for one in tuned] == ["self_edits_round_0", "passage_only", "round_1"]
    assert {(one["n_tried"], one["n_contexts"]) for one in tuned} == {(4, 3)}
    train = {json.loads(line)["key"] for line in (RUN / "contexts.jsonl").read_text().splitlines()[:4]}
    asked = {key.split("/")[1] for key in outcomes(RUN) if "/tuning_" in key}
    assert len(asked) == 3
    assert asked <= train
    passage = next(one for one in tuned if one["setting"] == "passage_only")
    row = next(row for row in results()["table"] if row["setting"] == "passage_only")
    assert row["updates"] == passage["epochs"]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["recipe.tune_learning_rates=[1e-3]"], "recipe.tune_epochs"),
        (
            ["recipe=evaluate", "recipe.part=all", "recipe.tune_learning_rates=[1e-3]", "recipe.tune_epochs=[1]"],
            "held_out",
        ),
    ],
)
def test_tuning_on_what_is_measured_is_refused_and_half_of_a_grid_too(
    seal: Seal, capsys: pytest.CaptureFixture[str], overrides: list[str], said: str
) -> None:
    assert seal("check", "task=facts", *overrides) != 0
    assert said in capsys.readouterr().err
