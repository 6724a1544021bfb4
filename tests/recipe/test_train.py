"""The method from the command line, on the shipped model, in seconds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from transformers import AutoModelForCausalLM

from seal.config.loading import load
from seal.folder.store import read_records
from seal.stats.results import Results
from seal.types import Evaluation, Failure, Grade, SelfEdit, Update
from tests.conftest import MATCHED, SMALL, records
from tests.models import CHAT_TEMPLATE, mute_folder, random_folder

Seal = Callable[..., int]
RUN = Path("outputs/tiny")


def keys_of(file: Path) -> list[str]:
    return [json.loads(line)["key"] for line in file.read_text().splitlines()]


def outcomes_of(run: Path) -> dict[str, Evaluation | Failure]:
    return read_records(run / "evaluations.jsonl", Evaluation | Failure)


def read(file: Path) -> dict[str, object]:
    return json.loads(file.read_text())


def test_a_run_leaves_results_records_a_manifest_a_policy_and_a_report(finished_matched: Path) -> None:
    table = read(finished_matched / "results.json")["table"]
    assert [row["setting"] for row in table] == [
        *("base", "passage_only", "passage_matched", "self_edits_round_0"),
        *("passage_matched_round_1", "untrained_matched_round_1", "round_1"),
    ]
    for row in table:
        low, high = row["ci95"]
        assert low <= row["accuracy"] <= high
        assert (row["n_queries"], row["n_contexts"], row["n_unknown"]) == (18, 3, 0)
    assert len(read_records(finished_matched / "self_edits.jsonl", SelfEdit)) == 3 + 4 * 2 + 3
    assert len(outcomes_of(finished_matched)) == (3 + 3 + 3 + 3) + (4 + 8) + (3 + 3 + 3 + 3)
    manifest = read(finished_matched / "manifest.json")
    assert manifest["settings"]["inner"]["epochs"] == 3
    assert manifest["data"]["n_held_out"] == 3
    assert manifest["packages"]["torch"]
    report = {path.name for path in (finished_matched / "report").iterdir()}
    assert report == {
        *("index.html", "table.csv", "differences.csv", "rounds.csv", "rewards.csv", "attempts.csv"),
        *("accuracy.png", "rewards.png", "styles.png"),
    }


def test_the_table_is_what_the_records_say(finished_matched: Path) -> None:
    table = {row["setting"]: row["accuracy"] for row in read(finished_matched / "results.json")["table"]}
    evaluations = outcomes_of(finished_matched)
    sources = {
        "base": "round_0/{}/unadapted/0",
        "passage_only": "round_0/{}/passage/0",
        "passage_matched": "round_0/{}/passage_matched_0/0",
        "untrained_matched_round_1": "round_0/{}/untrained_matched_round_1_0/0",
        "self_edits_round_0": "round_0/{}/edit_0/0",
        "round_1": "round_1/{}/edit_0/0",
    }
    for setting, key in sources.items():
        found = [evaluations[key.format(context)] for context in keys_of(finished_matched / "contexts.jsonl")[4:]]
        verdicts = [verdict.grade is Grade.CORRECT for one in found for verdict in one.verdicts]
        assert table[setting] == pytest.approx(sum(verdicts) / len(verdicts))


def test_held_out_contexts_are_never_learned_from(finished_matched: Path) -> None:
    update: Update = read_records(finished_matched / "updates.jsonl", Update)["round_0"]
    train = set(keys_of(finished_matched / "contexts.jsonl")[:4])
    learned_from = {name.partition("/")[0] for name in update.kept}
    assert learned_from
    assert learned_from <= train


def test_the_policy_is_an_ordinary_model_with_other_weights(finished_matched: Path) -> None:
    folders = (finished_matched / "policies/round_1", load(SMALL)[0].model.path)
    updated, shipped = (AutoModelForCausalLM.from_pretrained(folder).state_dict() for folder in folders)
    changed = [name for name in shipped if not updated[name].equal(shipped[name])]
    assert any("mlp" in name for name in changed)
    assert not any("embed" in name for name in changed)


@pytest.mark.slow
def test_the_same_command_in_another_folder_gives_the_same_records_bit_for_bit(
    seal: Seal, finished_matched: Path
) -> None:
    seal("run", *SMALL, MATCHED)
    assert records(RUN) == records(finished_matched)


@pytest.mark.slow
def test_another_seed_writes_other_self_edits_about_other_passages(seal: Seal) -> None:
    seal("run", *SMALL, "recipe.rounds=0")
    seal("run", *SMALL, "recipe.rounds=0", "name=other", "seed=1")
    texts = [(Path("outputs") / name / "contexts.jsonl").read_text() for name in ("tiny", "other")]
    assert texts[0] != texts[1]


@pytest.mark.slow
def test_without_rounds_it_only_measures(seal: Seal) -> None:
    assert seal("run", *SMALL, MATCHED, "recipe.rounds=0") == 0
    settings = [row["setting"] for row in read(RUN / "results.json")["table"]]
    assert settings == ["base", "passage_only", "passage_matched", "self_edits_round_0"]
    assert not (RUN / "policies").exists()


def test_a_round_practises_on_the_next_contexts_and_starts_over_at_the_end() -> None:
    run, _ = load(["experiment=tiny", "task.n_train=10", "recipe.contexts_per_round=4"])
    contexts = run.task.load()
    rounds = [run.recipe.practised(contexts, index) for index in range(3)]
    assert rounds == [[contexts.train[place % 10] for place in range(start, start + 4)] for start in (0, 4, 8)]


def test_the_forecast_is_what_is_done(seal: Seal, finished_matched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *SMALL, MATCHED, "--json") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    evaluations = outcomes_of(finished_matched).values()
    assert plan["self_edits"] == len(read_records(finished_matched / "self_edits.jsonl", SelfEdit))
    assert plan["inner_updates"] == sum(one.training is not None for one in evaluations)
    assert plan["answers"] == sum(len(one.verdicts) for one in evaluations)
    assert plan["policy_updates"] == 1


@pytest.mark.slow
def test_trainings_that_break_are_recorded_left_out_and_counted(seal: Seal) -> None:
    """A learning rate beyond all sense makes losses that are not finite."""
    assert seal("run", *SMALL, MATCHED, "inner.learning_rate=1e30", "inner.epochs=8") == 0
    results = TypeAdapter(Results).validate_json((RUN / "results.json").read_text())
    broken = {row.setting: row for row in results.table}["passage_only"]
    assert (broken.accuracy, broken.n_failed, broken.n_unknown) == (None, 3, 18)
    outcomes = outcomes_of(RUN)
    assert all("not finite" in one.reason for key, one in outcomes.items() if "unadapted" not in key)
    [turn] = results.rounds
    assert (turn.n_failed, turn.mean_reward, turn.n_kept) == (8, None, 0)
    [note] = [note for note in results.notes if note.startswith("passage only: ")]
    assert note.startswith("passage only: trainings or answers failed: 3 × ")
    assert "not finite" in note


@pytest.mark.slow
def test_an_update_without_anything_to_learn_keeps_the_policy(seal: Seal) -> None:
    assert seal("run", *SMALL, MATCHED, "inner.learning_rate=1e-12") == 0
    update: Update = read_records(RUN / "updates.jsonl", Update)["round_0"]
    assert (update.kept, update.weights) == ((), None)


def test_empty_self_edits_are_invalid_count_as_0_and_are_not_learned_from(seal: Seal, tmp_path: Path) -> None:
    mute = mute_folder(tmp_path / "mute")
    overrides = ("model=local", f"model.path={mute}", "self_edit.temperature=0", "self_edit.append_passage=false")
    assert seal("run", "recipe=train", *SMALL, MATCHED, *overrides) == 0
    results = TypeAdapter(Results).validate_json((RUN / "results.json").read_text())
    rows = {row.setting: row for row in results.table}
    row = rows["self_edits_round_0"]
    assert (row.accuracy, row.n_invalid, row.n_failed) == (0.0, 3, 0)
    assert rows["passage_matched"].n_contexts == 3  # compared on all contexts, with what the passage is given anyway
    assert rows["passage_matched"].tokens == rows["passage_only"].tokens
    assert read_records(RUN / "self_edits.jsonl", SelfEdit).popitem()[1].text == ""
    [turn] = results.rounds
    assert (turn.n_invalid, turn.mean_reward, turn.n_kept) == (8, 0.0, 0)
    assert results.notes == (
        "untrained policy: nothing to train on in 3 of 3 self-edits: 3 × the self-edit is empty",
        "round 1: none of 8 self-edits was good enough to learn from: the policy is what it was before",
        "round 1: nothing to train on in 3 of 3 self-edits: 3 × the self-edit is empty",
    )


@pytest.mark.slow
def test_grades_are_the_same_whatever_the_number_of_adapters_side_by_side(seal: Seal) -> None:
    seal("run", *SMALL, MATCHED, "recipe.rounds=0")
    seal("run", *SMALL, MATCHED, "recipe.rounds=0", "inner.parallel=1", "name=one")
    grades = [
        {key: [v.grade for v in one.verdicts] for key, one in outcomes.items()}
        for outcomes in (outcomes_of(Path("outputs") / name) for name in ("tiny", "one"))
    ]
    same = sum(grades[0][key] == grades[1][key] for key in grades[0])
    assert same >= len(grades[0]) - 1  # rounding may turn one greedy answer


@pytest.mark.slow
def test_the_demo_shows_what_it_promises(seal: Seal) -> None:
    """Two rounds gain on questions against the direction of the passage. At equal tokens the passage, and what the
    untrained policy writes, answer hardly any. One seed has 72 such questions, so the bounds are wide."""
    assert seal("run", "experiment=tiny", "cluster.threads=1") == 0
    results = read(RUN / "results.json")
    reversals = {row["setting"]: row["accuracy"] for row in results["kinds"] if row["kind"] == "reversal"}
    assert reversals["round_2"] > reversals["passage_matched_round_2"] + 0.05
    assert reversals["round_2"] > reversals["untrained_matched_round_2"]
    accuracy = {row["setting"]: row["accuracy"] for row in results["table"]}
    assert accuracy["round_2"] > accuracy["self_edits_round_0"]


@pytest.mark.slow
def test_a_chat_model_goes_through_rounds(seal: Seal, tmp_path: Path) -> None:
    model = random_folder(tmp_path / "model", "llama", chat_template=CHAT_TEMPLATE)
    overrides = ("model=local", f"model.path={model}", "model.chat=true", "outer.must_beat_unadapted=false")
    assert seal("run", "recipe=train", *SMALL, MATCHED, *overrides) == 0
    update: Update = read_records(RUN / "updates.jsonl", Update)["round_0"]
    assert update.weights == "policies/round_1"
    assert (RUN / update.weights / "chat_template.jinja").exists()
