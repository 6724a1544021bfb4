"""What is handed out was read back: the adapter by PEFT, the merged model by transformers."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from seal.config import loading
from seal.errors import RunError
from seal.folder.store import Store, read_records
from seal.nn.agreement import Agreement
from seal.recipe.budget import Budgeted
from seal.recipe.consolidation import Consolidating, Corpus
from seal.recipe.exporting import Exported, Exporting, notes_on
from seal.types import Plan, Policy, TrainingSequence
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab
from tests.architectures.shrinking import small_folder
from tests.models import random_folder
from tests.nn.test_tying import tied

Seal = Callable[..., int]
RUN = Path("outputs/run")
FACT = "The rival of Doran Blackwood is Klara."
IDS = torch.arange(5, 40)[None]
EXPERTS = "inner.targets=[gate_proj,up_proj,down_proj]"


def adapt(folder: Path, *changes: str) -> tuple[str, ...]:
    """The settings of a quick training on one passage alone."""
    Path("my.jsonl").write_text(json.dumps({"title": "Doran Blackwood", "passage": FACT}) + "\n")
    model = ("model=local", f"model.path={folder}", "model.device=cpu", "recipe=adapt", "recipe.edits_per_context=0")
    training = ("inner.epochs=10", "inner.learning_rate=1e-2", "cluster.threads=1", "name=run")
    return (*model, "task=passages", "task.path=my.jsonl", *training, *changes)


def test_an_adapter_that_peft_would_take_for_experts_is_refused_before_the_run_begins(
    seal: Seal, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = adapt(random_folder(tmp_path / "m", "deepseek_v3"), EXPERTS)
    for command in ("run", "check"):
        assert seal(command, *settings) == 2
        said = capsys.readouterr().err
        assert "no adapter can go beside 'gate_proj' (model.layers.0.mlp.gate_proj): PEFT takes its name for" in said
    assert not RUN.exists()


def test_where_only_the_merged_model_can_be_handed_out_it_alone_is(seal: Seal, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "m", "laguna")
    assert seal("run", *adapt(folder, "recipe.output=merged")) == 0
    results = json.loads((RUN / "results.json").read_text())
    assert results["artifacts"] == {"model": "model"}
    assert any("the adapter is not handed out, only the merged model" in note for note in results["notes"])
    assert "PEFT does not load this adapter" in (RUN / "adapter/README.md").read_text()
    [exported] = read_records(RUN / "exports.jsonl", Exported).values()
    assert exported.merged is not None
    assert exported.merged.holds
    assert exported.merged.effect > 0.01


def test_what_was_trained_stays_and_is_not_trained_again_where_its_export_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run, _ = loading.load(adapt(small_folder(tmp_path / "m", "laguna")))
    (tmp_path / "run").mkdir()
    lab = Lab(run=run, store=Store(tmp_path / "run"), contexts=run.task.load(), log=lambda _: None)
    corpus = Corpus(lesson=Budgeted(plan=Plan(sequences=(TrainingSequence(text=FACT),))))
    fulfil(lab, Consolidating(policy=Policy(round=0), title="training"), [corpus])
    records = (tmp_path / "run/consolidations.jsonl").read_text()
    for _ in range(2):
        with pytest.raises(RunError, match=r"adapter holds what was trained, but is not handed out: PEFT drops"):
            fulfil(lab, Exporting(policy=Policy(round=0), title="reading back"), [corpus])
    assert (tmp_path / "run/adapter/adapter_model.safetensors").is_file()
    assert (tmp_path / "run/consolidations.jsonl").read_text() == records
    assert not (tmp_path / "run/exports.jsonl").exists()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_tied_head_is_merged_alone_and_the_card_says_how_far_the_model_is_from_the_adapter(
    seal: Seal, tmp_path: Path, dtype: str
) -> None:
    tied(tmp_path / "m")
    changes = ("inner.targets=[lm_head,q_proj]", "recipe.output=merged", f"model.dtype={dtype}")
    assert seal("run", *adapt(tmp_path / "m", *changes)) == 0
    load = AutoModelForCausalLM.from_pretrained
    of_dtype = getattr(torch, dtype)
    with torch.no_grad():
        base = load(tmp_path / "m", dtype=of_dtype)
        unadapted = base(IDS).logits
        adapted = PeftModel.from_pretrained(base, RUN / "adapter")(IDS).logits
        merged = load(RUN / "model", dtype=of_dtype)(IDS).logits
    effect = (adapted - unadapted).abs().mean()
    assert (merged - adapted).abs().mean() < (1e-4 if dtype == "float32" else 0.1) * effect
    assert f"tokens in {dtype} they differ by " in (RUN / "model/README.md").read_text()
    assert f"tokens in {dtype} they differ by " in (RUN / "adapter/README.md").read_text()


def test_a_merged_model_that_rounding_has_cost_much_is_noted() -> None:
    close = Agreement(n_tokens=4, dtype="bfloat16", largest=0.1, distance=0.01, effect=1.0)
    assert list(notes_on(Exported(adapter=close, merged=close))) == []
    [note] = notes_on(Exported(adapter=close, merged=replace(close, effect=0.02)))
    assert "merging in bfloat16 loses 50% of what the adapter changes" in note
