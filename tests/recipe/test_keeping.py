"""The best adapters of a round are on disk, they are the ones that were rewarded, and a budget is never exceeded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from peft import PeftModel

from seal.config.loading import load
from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.folder.store import Store, read_records
from seal.recipe.keeping import make_room, not_kept
from seal.types import Answered, Context, Evaluation, Failure, Kept, Plan, Policy, Sampling, TrainingSequence
from seal.work.fulfilling import fulfil
from seal.work.keeping import FACTS, AdapterToKeep, Keeping, folder_name, size_of
from seal.work.lab import Lab
from seal.work.trying import Trial
from tests.architectures.shrinking import small_folder
from tests.conftest import SMALL
from tests.models import tiny_backbone
from tests.values import context

Seal = Callable[..., int]


@pytest.fixture
def again(finished: Path, tmp_path: Path, seal: Seal) -> Callable[..., Path]:
    """The finished run, asked for adapters afterwards: nothing else is left to do."""
    shutil.copytree(finished, tmp_path / "again/tiny")

    def run(*overrides: str) -> Path:
        assert seal("run", *SMALL, f"outputs={tmp_path / 'again'}", *overrides) == 0
        return tmp_path / "again/tiny"

    return run


def rewards(run: Path) -> dict[str, float]:
    """Of the round's self-edits, by the key of their trial."""
    found: dict[str, Evaluation | Failure] = read_records(run / "evaluations.jsonl", Evaluation | Failure)
    train = [json.loads(line)["key"] for line in (run / "contexts.jsonl").read_text().splitlines()][:4]
    return {
        key: sum(verdict.grade == "correct" for verdict in one.verdicts) / len(one.verdicts)
        for key, one in found.items()
        if isinstance(one, Evaluation) and "/edit_" in key and key.startswith(tuple(f"round_0/{c}/" for c in train))
    }


@pytest.mark.slow
@pytest.mark.parametrize("cluster", ["local", "debug"])
def test_the_best_are_kept_and_answer_as_they_did_when_they_were_tried_out(
    again: Callable[..., Path], cluster: str
) -> None:
    run = again("recipe.keep_adapters=2", f"cluster={cluster}")
    kept: dict[str, Kept] = read_records(run / "adapters.jsonl", Kept)
    expected = rewards(run)
    assert sorted(one.reward for one in kept.values()) == sorted(expected.values())[-2:]
    assert {key: one.reward for key, one in kept.items()} == {key: expected[key] for key in kept}
    answers: dict[str, Answered] = read_records(run / "answers.jsonl", Answered | Failure)
    contexts: dict[str, Context] = read_records(run / "contexts.jsonl", Context)
    for key, one in kept.items():
        facts = json.loads((run / one.folder / FACTS).read_text())
        assert facts["reward"] == one.reward
        backbone = tiny_backbone()
        PeftModel.from_pretrained(backbone.model, run / one.folder).merge_and_unload()
        requests = [Request(prompt=query.prompt, seed=0) for query in contexts[facts["context"]].queries]
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=24, stops=("\n",))
        said = BatchedGenerator(backbone, prompts_per_batch=4).generate(requests, sampling)
        assert tuple(each.text.strip() for each in said) == tuple(each.strip() for each in answers[key].answers)


@pytest.mark.slow
def test_what_is_kept_is_not_made_again_and_a_smaller_budget_lets_the_worst_go(again: Callable[..., Path]) -> None:
    run = again("recipe.keep_adapters=3")
    kept: dict[str, Kept] = read_records(run / "adapters.jsonl", Kept)
    made = {one.folder: (run / one.folder / FACTS).stat().st_mtime_ns for one in kept.values()}
    again("recipe.keep_adapters=3")
    assert {folder: (run / folder / FACTS).stat().st_mtime_ns for folder in made} == made
    each_gb = max(one.n_bytes for one in kept.values()) / 1e9
    again("recipe.keep_adapters=3", f"recipe.adapters_budget_gb={2.5 * each_gb}")
    left = [one.reward for one in kept.values() if (run / one.folder).exists()]
    assert sorted(left) == sorted(one.reward for one in kept.values())[-2:]


def test_the_worst_of_the_oldest_round_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = [
        Kept(folder=f"adapters/round_{turn}/a_{number}", n_bytes=10, round=turn, reward=reward)
        for turn, number, reward in [(0, 0, 0.9), (0, 1, 0.2), (1, 0, 0.1), (1, 1, 0.8)]
    ]
    for one in kept:
        (tmp_path / one.folder).mkdir(parents=True)
        (tmp_path / one.folder / "x").write_bytes(b"x" * 10)
    store.append("adapters", {one.folder: one for one in kept}, Kept)
    for budget, left in [(40e-9, [0, 1, 2, 3]), (30e-9, [0, 2, 3]), (20e-9, [2, 3])]:
        make_room(store, budget)
        assert [(tmp_path / one.folder).exists() for one in kept] == [number in left for number in range(4)]
    make_room(store, 20e-9, needed=10)
    assert [(tmp_path / one.folder).exists() for one in kept] == [False, False, False, True]
    make_room(store, None, needed=100)
    assert size_of(tmp_path / kept[3].folder) == 10


def test_adapters_that_peft_does_not_load_are_not_kept_and_that_is_noted(tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "m", "laguna")
    run, _ = load([*SMALL, "model=local", f"model.path={folder}", "model.device=cpu", "inner.targets=[all-linear]"])
    lab = Lab(run=run, store=Store(tmp_path), contexts=run.task.load(), log=lambda _: None)
    plan = Plan(sequences=(TrainingSequence(text="Ada lives in Ashby."),))
    kept = [
        AdapterToKeep(
            trial=Trial(context=context("a"), source=f"edit_{index}", plan=plan),
            index=index,
            text="",
            reward=1.0,
            accuracy=1.0,
        )
        for index in range(2)
    ]
    made = fulfil(lab, Keeping(policy=Policy(round=0), title="keeping"), kept)
    assert all(isinstance(one, Failure) and "PEFT drops or renames tensors" in one.reason for one in made)
    assert not list(tmp_path.rglob("adapter_model.safetensors"))
    [note] = not_kept(lab.store)
    assert note.startswith("2 of 2 adapters were not kept: PEFT drops")


def test_names_fit_any_file_system_and_are_never_shared() -> None:
    ids = ["plain-1", "a/b", "a:b", "a_b", "../x", "ü" * 200, "." * 3]
    names = [folder_name(each, 0) for each in ids]
    assert names[0] == "plain-1_0"
    assert len(set(names)) == len(names)
    assert all("/" not in name and not name.startswith(".") and len(name) < 100 for name in names)


def test_a_budget_without_room_for_one_and_an_inner_loop_without_adapters_are_refused(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", *SMALL, "recipe.keep_adapters=1", "recipe.adapters_budget_gb=1e-6") == 2
    assert "recipe.adapters_budget_gb: one adapter takes" in capsys.readouterr().err
    assert seal("check", "recipe.keep_adapters=1", "inner=full", "model=tiny", "task=facts") == 2
    assert "recipe.keep_adapters: this inner loop makes no adapters" in capsys.readouterr().err


def test_seal_check_forecasts_the_bytes(
    seal: Seal, capsys: pytest.CaptureFixture[str], again: Callable[..., Path]
) -> None:
    assert seal("check", *SMALL, "recipe.keep_adapters=2", "--json") == 0
    forecast = json.loads(capsys.readouterr().out)["kept_adapters"]
    run = again("recipe.keep_adapters=2")
    largest = max(one.n_bytes for one in read_records(run / "adapters.jsonl", Kept).values())
    assert forecast["bytes"] == 2 * forecast["adapter_bytes"]
    assert largest == pytest.approx(forecast["adapter_bytes"], rel=0.1)
