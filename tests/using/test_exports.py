"""What is exported works elsewhere: with plain PEFT, plain transformers, and by the commands that are printed."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from seal.errors import RunError, UsageError
from seal.model.tiny import Tiny
from seal.task.grids import Grids
from seal.using.exports import export
from seal.using.serving import Served, commands
from seal.using.sources import Source, of_run
from tests.using.runs import PASSAGES, quick_adapt

Seal = Callable[..., int]
FACT = PASSAGES[0]["passage"]


def base() -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(Tiny().path).eval()


@torch.no_grad()
def logits(network: torch.nn.Module) -> torch.Tensor:
    ids = AutoTokenizer.from_pretrained(Tiny().path)(FACT, return_tensors="pt")["input_ids"]
    return network(input_ids=ids).logits


def expected(run: Path) -> torch.Tensor:
    return logits(PeftModel.from_pretrained(base(), run / "adapter").eval())


def test_the_adapter_is_copied_with_its_card_and_names_a_base_that_is_found_from_anywhere(
    adapted_run: Path, tmp_path: Path
) -> None:
    made = export(of_run(adapted_run), "peft", tmp_path / "peft")
    config = json.loads((made.folder / "adapter_config.json").read_text())
    assert Path(config["base_model_name_or_path"]).is_absolute()
    assert torch.equal(logits(PeftModel.from_pretrained(base(), made.folder).eval()), expected(adapted_run))
    card = (made.folder / "README.md").read_text()
    assert card.startswith((adapted_run / "adapter/README.md").read_text().rstrip())
    assert "vllm serve " in card
    assert made.agreement is not None
    assert made.agreement.holds


def test_the_merged_model_loads_with_plain_transformers_and_its_card_says_what_was_learned(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    assert seal("export", str(adapted_run), "--to", "gguf", "--out", "merged") == 0
    said = capsys.readouterr().out
    assert "convert_hf_to_gguf.py" in said
    assert "llama-quantize" in said
    merged = AutoModelForCausalLM.from_pretrained("merged").eval()
    assert torch.allclose(logits(merged), expected(adapted_run), atol=1e-4)
    card = Path("merged/README.md").read_text()
    for text in ("library_name: transformers", "“Doran Blackwood”", "optimizer steps", "- adapted: ", "llama-quantize"):
        assert text in card
    assert "PeftModel" not in card
    assert seal("export", str(adapted_run), "--to", "merged", "--out", "merged") == 2
    assert "merged exists, and nothing is overwritten" in capsys.readouterr().err


def test_ollama_gets_a_modelfile_beside_the_model(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    assert seal("export", str(adapted_run), "--to", "ollama", "--out", "mine") == 0
    assert Path("mine/Modelfile").read_text().startswith("FROM .\n")
    assert Path("mine/model.safetensors").is_file()
    said = capsys.readouterr().out
    assert f"ollama create run -f {Path('mine/Modelfile').resolve()}" in said


def test_what_an_inner_loop_keeps_in_a_format_of_its_own_is_no_adapter_of_peft(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    shutil.copytree(adapted_run, "run")
    Path("run/adapter/adapter_config.json").unlink()
    assert seal("export", "run", "--to", "peft") == 2
    assert "run/adapter is no adapter in PEFT's format" in capsys.readouterr().err
    assert not Path("run/export").exists()


def test_an_adapter_that_peft_reads_otherwise_is_not_exported(adapted_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(adapted_run, tmp_path / "run")
    config = json.loads((run / "adapter/adapter_config.json").read_text())
    (run / "adapter/adapter_config.json").write_text(json.dumps(config | {"target_modules": ["q_proj"]}))
    with pytest.raises(RunError, match=r"adapter is not exported: PEFT drops .* Export with --to merged"):
        export(of_run(run), "peft", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob("out*")) == []


@pytest.mark.parametrize("to", ["peft", "merged"])
def test_the_python_of_the_card_gives_the_answer_of_seal_ask(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path, to: str
) -> None:
    question = PASSAGES[0]["questions"][0]["question"]
    assert seal("ask", str(adapted_run), question, "--json") == 0
    answer = json.loads(capsys.readouterr().out)["adapted"]
    assert seal("export", str(adapted_run), "--to", to, "--out", "mine") == 0
    [code] = re.findall(r"```python\n(.*?)```", Path("mine/README.md").read_text(), re.DOTALL)
    assert question in code
    capsys.readouterr()
    exec(code.replace("path/to/this/folder", "mine"), {})  # as a reader would run it
    assert capsys.readouterr().out.strip() == answer


@pytest.mark.slow
def test_a_run_that_has_only_its_merged_model_is_asked_and_exported_all_the_same(
    seal: Seal, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, question = tmp_path / "run", PASSAGES[0]["questions"][0]["question"]
    assert seal("run", *quick_adapt(tmp_path), "recipe.output=merged") == 0
    merged = logits(AutoModelForCausalLM.from_pretrained(run / "model").eval())
    found = []
    for _ in ("adapter", "model"):
        capsys.readouterr()
        assert seal("ask", str(run), question, "--json") == 0
        found.append(json.loads(capsys.readouterr().out))
        shutil.rmtree(run / "adapter", ignore_errors=True)
    assert found[0] == found[1]
    assert found[0]["base"] != found[0]["adapted"]
    assert seal("export", str(run), "--to", "peft", "--out", "mine") == 2
    assert "the run has no adapter any more: export with --to merged" in capsys.readouterr().err
    assert seal("export", str(run), "--to", "merged", "--out", "mine") == 0
    assert torch.equal(logits(AutoModelForCausalLM.from_pretrained("mine").eval()), merged)
    assert "vllm serve " in Path("mine/README.md").read_text()


def test_a_run_about_puzzles_is_exported_and_not_asked_in_words(tmp_path: Path) -> None:
    source = Source(name="run", model=Tiny(), task=Grids())
    with pytest.raises(UsageError, match="run is a run of Grids, which asks no questions in words"):
        _ = source.prompting
    assert commands(Served(source=source, folder=tmp_path, architecture="LlamaForCausalLM"))["vLLM"]
