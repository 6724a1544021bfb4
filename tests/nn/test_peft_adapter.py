"""An adapter of somebody else is what PEFT makes of it, and the model without it is what it was."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from seal.errors import ModelError
from seal.model.hugging_face import HuggingFace
from seal.nn.adaptation import attached
from seal.nn.backbone import load
from seal.nn.peft_adapter import PeftAdapter
from seal.nn.readback import logits
from tests.models import random_folder

IDS = range(5, 30)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A small model; with an adapter of two ranks and a trained head, which SEAL itself does not make, in `adapter`."""
    folder = random_folder(tmp_path / "m", "qwen2")
    torch.manual_seed(1)
    config = LoraConfig(
        r=4,
        target_modules=["q_proj", "up_proj"],
        rank_pattern={"up_proj": 2},
        modules_to_save=["lm_head"],
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    made = get_peft_model(AutoModelForCausalLM.from_pretrained(folder), config)
    torch.nn.init.normal_(made.get_submodule("base_model.model.lm_head.modules_to_save.default").weight)
    made.save_pretrained(tmp_path / "adapter")
    return folder


def test_it_is_switched_on_while_it_is_attached_and_leaves_the_model_as_it_was(base: Path, tmp_path: Path) -> None:
    network = load(HuggingFace(path=str(base), device="cpu")).model
    before = logits(network, IDS)
    adapter = PeftAdapter.beside(network, tmp_path / "adapter")
    assert torch.equal(logits(network, IDS), before)
    with attached(network, [adapter]):
        during = logits(network, IDS)
    assert torch.equal(logits(network, IDS), before)
    theirs = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "adapter").eval()
    assert torch.allclose(during, logits(theirs, IDS), atol=1e-5)
    assert not torch.allclose(during, before, atol=1e-2)


def test_one_that_lacks_tensors_is_refused(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "adapter/adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"target_modules": ["q_proj", "up_proj", "o_proj"]}))
    network = load(HuggingFace(path=str(base), device="cpu")).model
    with pytest.raises(ModelError, match=r"adapter: PEFT refuses this adapter: .*missing adapter keys"):
        PeftAdapter.beside(network, tmp_path / "adapter")
