"""One policy measured, on the embedded world and on a user's file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.config import loading
from seal.errors import ConfigError
from tests.models import CHAT_TEMPLATE, random_folder

Seal = Callable[..., int]
QUICK = (
    "recipe=evaluate",
    "inner.epochs=2",
    "inner.batch_size=null",
    "self_edit.max_new_tokens=32",
    "task.max_answer_tokens=8",
    "cluster.threads=1",
    "name=run",
)


def results() -> dict[str, object]:
    return json.loads(Path("outputs/run/results.json").read_text())


def passages(folder: Path, n: int) -> Path:
    file = folder / "my.jsonl"
    rows = [
        {
            "title": f"City {number}",
            "passage": f"City {number} lies at river {number}. It is old.",
            "questions": [{"question": "Which river?", "answer": f"river {number}"}],
        }
        for number in range(n)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_user_s_passages_are_measured_in_three_settings_and_one_at_equal_tokens(seal: Seal, tmp_path: Path) -> None:
    assert seal("run", *QUICK, "task=passages", f"task.path={passages(tmp_path, 4)}", "recipe.part=all") == 0
    rows = results()["table"]
    assert [row["setting"] for row in rows] == ["base", "passage_only", "passage_matched", "self_edits_round_0"]
    assert {(row["n_contexts"], row["n_queries"]) for row in rows} == {(4, 4)}


def test_without_self_edits_the_passages_alone_are_trained_on(seal: Seal, tmp_path: Path) -> None:
    overrides = ("recipe.edits_per_context=0", "recipe.repeats=2", "recipe.part=all")
    assert seal("run", *QUICK, *overrides, "task=passages", f"task.path={passages(tmp_path, 2)}") == 0
    assert [(row["setting"], row["n_answers"]) for row in results()["table"]] == [("base", 2), ("passage_only", 4)]
    progress = json.loads(Path("outputs/run/progress.json").read_text())
    assert progress["done"] == progress["planned"]
    assert seal("run", *QUICK, *overrides, "recipe.tune_epochs=[1,2]", "task=passages", "task.path=my.jsonl") == 2


def test_repeats_train_as_often_on_the_passage_as_on_self_edits(seal: Seal, tmp_path: Path) -> None:
    overrides = ("recipe.edits_per_context=2", "recipe.repeats=3", "recipe.contexts=2", "recipe.part=all")
    assert seal("run", *QUICK, *overrides, "task=passages", f"task.path={passages(tmp_path, 3)}") == 0
    assert [row["n_answers"] for row in results()["table"]] == [2, 12, 12, 12]


@pytest.mark.parametrize(
    ("make", "template"), [("llama", None), ("qwen2", None), ("qwen2", CHAT_TEMPLATE), ("gpt2", None)]
)
def test_any_causal_model_does_with_or_without_chat_template(
    seal: Seal, tmp_path: Path, make: str, template: str | None
) -> None:
    model = random_folder(tmp_path / "model", make, chat_template=template)
    chat = f"model.chat={str(template is not None).lower()}"
    overrides = ("task.n_held_out=2", "model=local", f"model.path={model}", chat, "inner.targets=[all-linear]")
    assert seal("run", *QUICK, *overrides) == 0
    rows = results()["table"]
    assert [row["n_contexts"] for row in rows] == [2, 2, 2, 2]
    assert all(row["n_failed"] == row["n_unknown"] == row["n_invalid"] == 0 for row in rows)


def test_without_an_inner_loop_there_is_one_row_and_no_self_edit_is_written(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    unadapted = ("recipe=evaluate", "inner=none", "task.n_held_out=3", "cluster.threads=1", "name=run")
    assert seal("check", *unadapted, "--json") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert (plan["self_edits"], plan["inner_updates"], plan["answers"]) == (0, 0, 18)
    assert seal("run", *unadapted) == 0
    assert [row["setting"] for row in results()["table"]] == ["base"]
    assert any("the inner loop trains nothing" in note for note in results()["notes"])
    assert not Path("outputs/run/self_edits.jsonl").exists()
    progress = json.loads(Path("outputs/run/progress.json").read_text())
    assert progress["done"] == progress["planned"]


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["recipe=evaluate", "recipe.epochs_curve=[1]"], "recipe.epochs_curve: this inner loop trains nothing"),
        (
            ["recipe=evaluate", "recipe.tune_learning_rates=[1e-3]", "recipe.tune_epochs=[1]"],
            "recipe.tune_learning_rates: this inner loop trains nothing",
        ),
    ],
)
def test_what_asks_for_training_is_refused_without_an_inner_loop(overrides: list[str], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        loading.load(["inner=none", *overrides])


@pytest.mark.parametrize("reward", ["accuracy", "gain"])
def test_a_reward_of_answers_is_refused_without_an_inner_loop(
    seal: Seal, capsys: pytest.CaptureFixture[str], reward: str
) -> None:
    assert seal("check", "recipe=train", "inner=none", f"outer/reward={reward}") == 2
    assert "inner: it trains nothing, so all self-edits have the same answers" in capsys.readouterr().err


def test_a_reward_for_reading_needs_no_inner_loop() -> None:
    reading = ("outer/reward=random", "outer.must_beat_unadapted=false", "task.n_train=4", "task.n_held_out=3")
    run, _ = loading.load(["recipe=train", "inner=none", "recipe.rounds=1", *reading])
    contexts = run.task.load()
    forecast = run.recipe.forecast(contexts, run)
    assert (forecast.trainings, forecast.self_edits) == (0, 4 * 5)
    assert forecast.answers == 4 * 6 + 2 * 3 * 6


@pytest.mark.parametrize("key", ["epochs_curve", "tune_learning_rates", "tune_epochs"])
def test_nothing_is_tried_twice_in_the_same_way(key: str) -> None:
    with pytest.raises(ConfigError, match="stands more than once"):
        loading.load(["recipe=evaluate", f"recipe.{key}=[2,1,2]"])


def test_published_passages_run_end_to_end_on_a_slice(seal: Seal, reference: Path) -> None:
    file = reference / "knowledge" / "squad_val.json"
    assert seal("run", *QUICK, "task=passages", f"task.path={file}", "task.limit=3", "recipe.part=all") == 0
    rows = results()["table"]
    assert all(row["n_contexts"] == 3 and row["n_unknown"] == 0 for row in rows)
    assert all(row["accuracy"] < 0.3 for row in rows)  # the shipped model knows nothing of the real world
