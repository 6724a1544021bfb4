"""Names of tensors tell, without reading any, where weights may be missing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from seal.model.files import ModelFolder
from seal.model.weight_files import unlike_siblings
from tests.models import random_folder, set_config


def without(*parts: str) -> Callable[[str], str | None]:
    """A name, or none where it has one of these parts."""
    return lambda name: None if any(part in name for part in parts) else name


@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2", "mamba"])
def test_a_whole_model_needs_no_closer_look(tmp_path: Path, make: str) -> None:
    assert not ModelFolder(random_folder(tmp_path, make)).looks_incomplete


@pytest.mark.parametrize(
    "renamed",
    [
        without("layers.0.mlp.up_proj"),
        without("layers.1."),
        without("lm_head"),
        without("embed_tokens"),
        without("model.norm"),
        lambda name: f"module.{name}",
        lambda name: name.replace("layers.1.", "layers.2."),
    ],
)
def test_names_that_tell_of_a_gap_ask_for_a_closer_look(tmp_path: Path, renamed: Callable[[str], str | None]) -> None:
    file = random_folder(tmp_path, "qwen2") / "model.safetensors"
    save_file({new: tensor for name, tensor in load_file(file).items() if (new := renamed(name))}, file)
    assert ModelFolder(tmp_path).looks_incomplete


def test_more_or_fewer_layers_than_the_configuration_says_ask_for_a_closer_look(tmp_path: Path) -> None:
    for n_layers in (1, 3):
        set_config(random_folder(tmp_path, "llama"), num_hidden_layers=n_layers)
        assert ModelFolder(tmp_path).looks_incomplete


def test_layers_of_another_kind_are_no_siblings_and_numbers_may_be_anything() -> None:
    assert list(unlike_siblings(["layers.0.a", "layers.0.b", "layers.1.a"])) == ["layers.1.b"]
    assert list(unlike_siblings(["layers.0.mlp.experts.0.w", "layers.0.mlp.experts.2.w"])) == [
        "layers.0.mlp.experts.1.w"
    ]
    assert list(unlike_siblings(["layers.0.attention", "layers.1.recurrence"])) == []
    assert list(unlike_siblings(["layers.9007199254740991.a", "layers.0.b"])) == []
