"""A checkpoint that is not the model of its configuration is found out before anything is loaded."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from seal.errors import ModelError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.nn.checkpoint import Differences, compare
from tests.models import random_folder, set_config

Change = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def rewrite(folder: Path, change: Change) -> HuggingFace:
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})
    return HuggingFace(path=str(folder), device="cpu", attention="eager")


def without(part: str) -> Change:
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if part not in name}


@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2", "mamba", "falcon_h1"])
def test_a_whole_checkpoint_differs_in_nothing(tmp_path: Path, make: str) -> None:
    folder = random_folder(tmp_path, make)
    assert compare(HuggingFace(path=str(folder)), folder) == Differences()


@pytest.mark.parametrize(
    ("make", "part", "missing"),
    [
        ("qwen2", "layers.1.mlp.up_proj", "1 tensor (model.layers.1.mlp.up_proj.weight)"),
        (
            "qwen2",
            "q_proj.bias",
            "2 tensors (model.layers.0.self_attn.q_proj.bias, model.layers.1.self_attn.q_proj.bias)",
        ),
        ("qwen2", "lm_head", "1 tensor (lm_head.weight)"),
        ("llama", "embed_tokens", "2 tensors (lm_head.weight, model.embed_tokens.weight)"),
        ("gpt2", "wpe", "1 tensor (transformer.wpe.weight)"),
        (
            "qwen2",
            "layers.0.",
            "12 tensors (model.layers.0.input_layernorm.weight, model.layers.0.mlp.down_proj.weight, "
            "model.layers.0.mlp.gate_proj.weight and 9 more)",
        ),
    ],
)
def test_missing_weights_are_named_before_and_when_a_model_is_loaded(
    tmp_path: Path, make: str, part: str, missing: str
) -> None:
    model = rewrite(random_folder(tmp_path, make), without(part))
    [fault] = compare(model, tmp_path).faults(tmp_path)
    assert f"model.path: {tmp_path} lacks {missing}" in fault
    with pytest.raises(ModelError) as raised:
        load(model)
    assert str(raised.value) == fault


def test_a_tied_head_that_is_stored_too_or_instead_of_the_embeddings_is_not_missing(tmp_path: Path) -> None:
    def doubled(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"].clone()}

    model = rewrite(random_folder(tmp_path, "llama"), doubled)
    assert compare(model, tmp_path) == Differences()
    assert compare(rewrite(tmp_path, without("embed_tokens")), tmp_path) == Differences()
    weights = load(model).model
    assert weights.get_input_embeddings().weight is weights.get_output_embeddings().weight


def test_what_the_model_has_no_place_for_is_said_and_no_fault(tmp_path: Path) -> None:
    model = rewrite(random_folder(tmp_path, "llama"), lambda tensors: {**tensors, "vision.weight": torch.ones(2)})
    found = compare(model, tmp_path)
    assert list(found.faults(tmp_path)) == []
    [note] = found.notes(tmp_path)
    assert "holds 1 tensor (vision.weight) that its model has no place for" in note
    load(model)


def test_names_with_the_prefix_of_a_wrapper_are_shown_beside_those_that_are_missing(tmp_path: Path) -> None:
    model = rewrite(
        random_folder(tmp_path, "llama"), lambda tensors: {f"module.{name}": each for name, each in tensors.items()}
    )
    [fault] = compare(model, tmp_path).faults(tmp_path)
    assert "and holds 20 tensors (module.model.embed_tokens.weight, " in fault


def test_sizes_that_differ_are_named(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    set_config(folder, intermediate_size=20)
    [fault] = compare(HuggingFace(path=str(folder)), folder).faults(folder)
    assert "model.layers.0.mlp.up_proj.weight is [24, 16], not [20, 16]" in fault


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("experts.2.gate_proj", "lacks 1 tensor (model.layers.1.mlp.experts.2.gate_proj.weight)"),
        ("experts.2.down_proj", "model.layers.1.mlp.experts.down_proj is [3, 16, 16], not [4, 16, 16]"),
    ],
)
def test_an_expert_that_is_not_whole_is_named(tmp_path: Path, part: str, said: str) -> None:
    folder = random_folder(tmp_path, "deepseek_v3")
    assert compare(HuggingFace(path=str(folder)), folder) == Differences()
    model = rewrite(tmp_path, without(part))
    try:
        [fault] = compare(model, tmp_path).faults(tmp_path)
    except ModelError as error:
        fault = str(error)
    assert said in fault


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model_type": "nothing"}, "transformers cannot build what config.json"),
        ({"num_attention_heads": 0}, "transformers cannot build what config.json"),
    ],
)
def test_a_configuration_that_builds_no_model_is_named(tmp_path: Path, values: dict[str, object], said: str) -> None:
    folder = random_folder(tmp_path, "qwen2")
    set_config(folder, **values)
    with pytest.raises(ModelError, match=said):
        compare(HuggingFace(path=str(folder)), folder)
