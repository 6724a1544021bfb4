"""A changed layer that shared its weight has one of its own, in memory and in the folder that is saved."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import Backbone, load, save
from seal.nn.tying import untie
from tests.models import random_folder


def tied(folder: Path) -> Backbone:
    """A tied model whose file stores the head too, as many do."""
    file = random_folder(folder, "llama") / "model.safetensors"
    tensors = load_file(file)
    save_file({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"].clone()}, file, {"format": "pt"})
    return load(HuggingFace(path=str(folder), device="cpu"))


def test_a_layer_that_shares_nothing_leaves_the_head_tied(tmp_path: Path) -> None:
    network = tied(tmp_path).model
    untie(network, [network.get_submodule("model.layers.0.mlp.up_proj")])
    assert network.lm_head.weight is network.model.embed_tokens.weight
    assert network.config.tie_word_embeddings


def test_an_untied_head_stays_untied_where_the_model_is_saved_and_loaded_by_anyone(tmp_path: Path) -> None:
    backbone = tied(tmp_path / "m")
    network = backbone.model
    untie(network, [network.lm_head])
    with torch.no_grad():
        network.lm_head.weight += 1
    embeddings, head = network.model.embed_tokens.weight, network.lm_head.weight
    assert not embeddings.equal(head)
    save(network, backbone.tokenizer, tmp_path / "saved")
    assert json.loads((tmp_path / "saved/config.json").read_text())["tie_word_embeddings"] is False
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    assert again.model.embed_tokens.weight.equal(embeddings)
    assert again.lm_head.weight.equal(head)
    again.tie_weights()
    assert again.lm_head.weight.equal(head), "no one ties it by the configuration"


def test_a_head_that_the_files_hold_apart_is_said_to_be_untied_when_it_is_saved(tmp_path: Path) -> None:
    file = random_folder(tmp_path / "m", "llama") / "model.safetensors"
    tensors: Mapping[str, Tensor] = load_file(file)
    save_file({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"] + 1}, file, {"format": "pt"})
    backbone = load(HuggingFace(path=str(tmp_path / "m"), device="cpu"))
    save(backbone.model, backbone.tokenizer, tmp_path / "saved")
    assert json.loads((tmp_path / "saved/config.json").read_text())["tie_word_embeddings"] is False


@pytest.mark.parametrize("make", ["llama", "gpt2", "mamba"])
def test_a_tied_model_is_saved_as_it_was(tmp_path: Path, make: str) -> None:
    folder = random_folder(tmp_path / "m", make)
    network, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(Tiny().path)
    save(network, tokenizer, tmp_path / "saved")
    config = "config.json"
    assert (tmp_path / "saved" / config).read_text() == (folder / config).read_text()
    assert load_file(tmp_path / "saved/model.safetensors").keys() == load_file(folder / "model.safetensors").keys()
