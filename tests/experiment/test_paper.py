"""The paper's experiments: they ask for what the paper did, and run on other models and data as well."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal import config
from seal.manifest import differences
from seal.recipe.train import Train
from tests.test_config import CONF

Seal = Callable[..., int]
PRESETS = sorted(path.stem for path in (CONF / "experiment/paper").glob("*.yaml"))
AS_PUBLISHED = [name for name in PRESETS if name.endswith("_published")]
SMALLER = [name for name in PRESETS if "qwen2_5_3b" in name]
QUICK = (
    "model=tiny",
    "grader=lexical",
    "inner.epochs=2",
    "inner.batch_size=null",
    "self_edit.max_new_tokens=32",
    "task.max_answer_tokens=8",
    "cluster.threads=1",
)


def load(name: str) -> tuple[config.Run, config.Settings]:
    return config.load([f"experiment=paper/{name}"])


def changed(before: str, after: str) -> set[str]:
    """The settings in which two presets differ, but for what they are compared with."""
    return {fault.partition(":")[0] for fault in differences(load(before)[1], load(after)[1])}


def squad(path: Path, n: int) -> Path:
    paragraphs = [
        {
            "context": f"City {number} lies at river {number}. It is old.",
            "qas": [{"id": str(number), "question": "Which river?", "answers": [{"text": f"river {number}"}]}],
        }
        for number in range(n)
    ]
    path.write_text(json.dumps({"version": "1.1", "data": [{"title": path.stem, "paragraphs": paragraphs}]}))
    return path


def files(folder: Path, n: int) -> tuple[str, str]:
    """The overrides that put local files in the place of the hub's data set, `n` passages each."""
    train, held_out = squad(folder / "Trained.json", n), squad(folder / "Held_out.json", n + 1)
    held_out.write_text(held_out.read_text().replace("City", "Town"))
    return f"task.train_file={train}", f"task.held_out_file={held_out}"


def table(name: str) -> dict[str, dict[str, object]]:
    results = json.loads(Path(f"outputs/paper/{name}/results.json").read_text())
    return {row["setting"]: row for row in results["table"]}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_checked_with_data_from_files(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert seal("check", f"experiment=paper/{name}", *files(tmp_path, 200), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    trains = name.startswith("rl")
    for_rewards = 0 if "proxy" in name else 2 * 750
    assert said["plan"]["inner_updates"] == (200 + 3 * 200 + for_rewards if trains else 2 * 200)
    assert said["plan"]["contexts"] == (300 if trains else 200)


@pytest.mark.parametrize("name", PRESETS)
def test_every_published_number_belongs_to_a_setting_that_is_measured(name: str) -> None:
    run, _ = load(name)
    n_rounds = run.recipe.rounds if isinstance(run.recipe, Train) else 0
    measured = {"base", "passage_only", "self_edits_round_0", *(f"round_{n + 1}" for n in range(n_rounds))}
    assert run.published
    assert set(run.published.accuracy) == measured


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_as_published_differs_in_switches_and_never_in_amounts(name: str) -> None:
    of_inner = {"inner.padding_loss", "inner.append_end"}
    switches = of_inner | {"self_edit.max_sequences", "self_edit.max_new_tokens", "task.answer_stops"}
    of_policy = {"outer.must_beat_unadapted", "outer.ties"}
    different = {key for key in changed(name.removesuffix("_published"), name) if not key.startswith("grader.")}
    if "proxy" in name:
        of_policy = {"outer.ties"}
    assert different == switches | (of_policy if name.startswith("rl") else set())


@pytest.mark.parametrize("name", SMALLER)
def test_the_smaller_model_changes_the_model_alone(name: str) -> None:
    assert changed(name.replace("_qwen2_5_3b", ""), name) == {"model.path"}


@pytest.mark.parametrize("name", PRESETS)
def test_the_judge_is_the_published_one_where_all_is_as_published(name: str) -> None:
    run, settings = load(name)
    assert type(run.grader).__name__ == ("Judge" if name in AS_PUBLISHED else "Lexical")
    assert name not in AS_PUBLISHED or settings["grader"]["endpoint"]["model"] == "gpt-4.1-2025-04-14"


def test_the_policy_is_fine_tuned_as_published() -> None:
    _, settings = load("rl")
    wanted = {"rank": 64, "alpha": 128, "targets": ["all-linear"], "epochs": 2, "learning_rate": 3e-4, "batch_size": 10}
    assert wanted.items() <= settings["outer"].items()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["single_passage", "single_passage_published"])
def test_a_single_passage_preset_runs_on_a_small_model_and_a_small_file(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert seal("run", f"experiment=paper/{name}", *QUICK, *files(tmp_path, 3), "task.n_held_out=3") == 0
    rows = table(name)
    assert list(rows) == ["base", "passage_only", "self_edits_round_0"]
    assert {(row["n_contexts"], row["n_answers"], row["n_failed"]) for row in rows.values()} == {(3, 3, 0)}
    said = capsys.readouterr().out
    assert all(number in said for number in ("0.327", "0.335", "0.397", "arXiv 2506.10943, single passage"))
    assert "published" in Path(f"outputs/paper/{name}/report/table.csv").read_text().splitlines()[0]


@pytest.mark.slow
def test_the_rl_preset_runs_on_a_small_model_and_a_small_file(seal: Seal, tmp_path: Path) -> None:
    small = ("task.n_train=4", "task.n_held_out=2", "recipe.contexts_per_round=2", "recipe.edits_per_context=2")
    name = "rl_published"
    assert seal("run", f"experiment=paper/{name}", *QUICK, *files(tmp_path, 4), *small, "recipe.repeats=1") == 0
    rows = table(name)
    assert list(rows) == ["base", "passage_only", "self_edits_round_0", "round_1", "round_2"]
    assert all(row["n_contexts"] == 2 for row in rows.values())
    assert json.loads(Path(f"outputs/paper/{name}/results.json").read_text())["rounds"][1]["n_kept"] > 0
