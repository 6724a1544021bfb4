"""The paper's experiments: they ask for what the paper did, and run on other models and data as well."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from seal.config import loading
from seal.config.composing import Settings
from seal.config.run import Run
from seal.model.tiny import Tiny
from seal.recipe.continual import Continual
from seal.recipe.train import Train
from seal.session.manifest import differences
from seal.stats.transfer import MEASURES
from tests.config.test_loading import CONF

Seal = Callable[..., int]
SOUND = sorted(path.stem for path in (CONF / "experiment/paper").glob("*.yaml"))
AS_PUBLISHED = [f"{name}_published" for name in SOUND]
PRESETS = [*SOUND, *AS_PUBLISHED]
"""By the names of their runs."""
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


def choosing(name: str) -> tuple[str, ...]:
    """The overrides that choose a preset."""
    sound = name.removesuffix("_published")
    return (f"experiment=paper/{sound}", *(["fidelity=published"] if name != sound else []))


@cache
def load(name: str) -> tuple[Run, Settings]:
    return loading.load(choosing(name))


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


def own(rows: dict[str, dict[str, object]]) -> list[str]:
    """The settings of the experiment itself, without those at equal compute."""
    return [name for name, row in rows.items() if not row["matched_to"]]


def n_trainings(name: str) -> int:
    """What the paper trained, in a preset on 200 passages, and our rows at equal compute."""
    if name.startswith("rl"):
        for_rewards = 0 if "proxy" in name else 2 * 50 * 5 * 3
        matched = 3 * 200 + 2 * 200
        return 200 + 3 * 200 + for_rewards + matched
    if name.startswith("cpt"):
        return 2 + 1
    return 2 * 64 * 8 if name.startswith("continual") else (2 + 1) * 200


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_checked_with_data_from_files(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    policy = [f"model.path={Tiny().path}", "self_edit.max_new_tokens=64"] if "_seal" in name else []
    assert seal("check", *choosing(name), *files(tmp_path, 200), *policy, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    run, _ = load(name)
    held_out = 200 if getattr(run.task, "n_held_out", 0) else 201
    assert said["plan"]["inner_updates"] == n_trainings(name)
    assert said["plan"]["contexts"] == held_out + (100 if name.startswith("rl") else 0)


@pytest.mark.parametrize("name", PRESETS)
def test_every_published_number_belongs_to_something_that_is_measured(name: str) -> None:
    run, _ = load(name)
    n_rounds = run.recipe.rounds if isinstance(run.recipe, Train) else 0
    measured = {"base", "passage_only", "self_edits_round_0", *(f"round_{n + 1}" for n in range(n_rounds))}
    assert run.published
    if isinstance(run.recipe, Continual):
        assert run.published.accuracy.keys() < MEASURES.keys()
    else:
        assert run.published.accuracy.keys() == measured


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_as_published_differs_in_switches_and_never_in_amounts(name: str) -> None:
    switches = {"inner.padding_loss", "inner.append_end", "task.answer_stops"}
    if "entigraph" not in name:
        switches |= {"self_edit.max_sequences", "self_edit.max_new_tokens"}
    if name.startswith("rl"):
        switches |= {"self_edit.unsplit_rounds"}
        switches |= {"outer.ties"} if "proxy" in name else {"outer.must_beat_unadapted", "outer.ties"}
    if "_seal" in name:
        switches |= {"model.path"}
    different = {key for key in changed(name.removesuffix("_published"), name) if not key.startswith("grader.")}
    assert different == switches


@pytest.mark.parametrize("name", PRESETS)
def test_sound_and_published_runs_have_folders_of_their_own(name: str) -> None:
    assert load(name)[0].name == f"paper/{name}"


@pytest.mark.parametrize("name", ["cpt_lora_seal", "cpt_full_2067_seal"])
def test_the_policy_comes_from_the_rounds_of_the_same_fidelity(name: str) -> None:
    for fidelity in ("", "_published"):
        assert load(name + fidelity)[1]["model"]["path"] == f"outputs/{load(f'rl{fidelity}')[0].name}/policies/round_2"


@pytest.mark.parametrize("version", ["cpt_lora", "cpt_full", "cpt_full_2067"])
def test_whoever_writes_the_training_is_the_same(version: str) -> None:
    for other in ("gpt4_1", "seal", "entigraph_pairs", "entigraph_triples"):
        different = changed(version, f"{version}_{other}")
        assert not {key for key in different if key.startswith(("inner.", "task.", "grader."))}


def test_full_fine_tuning_is_that_of_the_second_version() -> None:
    _, settings = load("cpt_full_2067")
    wanted = {"epochs": 1, "learning_rate": 7e-5, "batch_size": 8, "micro_batch_size": 4, "warmup_ratio": 0.03}
    assert wanted.items() <= settings["inner"].items()
    assert settings["recipe"]["questions"] == 500


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
    assert wanted.items() <= settings["outer"]["learner"].items()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["single_passage", "single_passage_published"])
def test_a_single_passage_preset_runs_on_a_small_model_and_a_small_file(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert seal("run", *choosing(name), *QUICK, *files(tmp_path, 3), "task.n_held_out=3") == 0
    rows = table(name)
    assert own(rows) == ["base", "passage_only", "self_edits_round_0"]
    assert {(row["n_contexts"], row["n_answers"], row["n_failed"]) for row in rows.values()} == {(3, 3, 0)}
    said = capsys.readouterr().out
    assert all(number in said for number in ("0.327", "0.335", "0.397", "arXiv 2506.10943, single passage"))
    assert "published" in Path(f"outputs/paper/{name}/report/table.csv").read_text().splitlines()[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpt_lora", "cpt_full_published", "cpt_full_2067_entigraph_triples"])
def test_a_preset_of_continued_pretraining_runs_on_a_small_model_and_a_small_file(
    seal: Seal, tmp_path: Path, name: str
) -> None:
    quick = [setting for setting in QUICK if "entigraph" not in name or "self_edit" not in setting]
    small = ("task.n_held_out=3", "recipe.questions=2", "inner.batch_size=2", "inner.max_tokens=256")
    micro = ("inner.micro_batch_size=1",) if "full" in name else ()
    cut = ("self_edit.max_new_tokens=16", "self_edit.max_entities_tokens=16") if "entigraph" in name else ()
    assert seal("run", *choosing(name), *quick, *files(tmp_path, 3), *small, *micro, *cut) == 0
    rows = table(name)
    assert own(rows) == ["base", "passage_only", "self_edits_round_0"]
    assert {(row["n_contexts"], row["n_answers"], row["n_failed"]) for row in rows.values()} == {(2, 2, 0)}


@pytest.mark.slow
def test_the_continual_preset_prints_what_was_published_beside_what_is_kept(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ("task.n_held_out=4", "recipe.sequences=2", "recipe.length=2")
    assert seal("run", "experiment=paper/continual", *QUICK, *files(tmp_path, 4), *small) == 0
    said = capsys.readouterr().out
    assert all(number in said for number in ("0.307", "0.415", "0.247", "continual self-edits"))


@pytest.mark.slow
def test_the_rl_preset_runs_on_a_small_model_and_a_small_file(seal: Seal, tmp_path: Path) -> None:
    small = ("task.n_train=4", "task.n_held_out=2", "recipe.contexts_per_round=2", "recipe.edits_per_context=2")
    name = "rl_published"
    assert seal("run", *choosing(name), *QUICK, *files(tmp_path, 4), *small, "recipe.repeats=1") == 0
    rows = table(name)
    assert own(rows) == ["base", "passage_only", "self_edits_round_0", "round_1", "round_2"]
    assert all(row["n_contexts"] == 2 for row in rows.values())
    assert json.loads(Path(f"outputs/paper/{name}/results.json").read_text())["rounds"][1]["n_kept"] > 0
