"""Adapters go beside linear layers that are called as such and that PEFT adapts too; others are named."""

from pathlib import Path

import pytest

from seal.errors import ModelError
from seal.inner import Adapted
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import Backbone, load
from seal.nn.lora_weights import left_out, target_layers
from seal.nn.plain_layers import unfit_layers
from tests.architectures.shrinking import small_folder
from tests.inner.test_lora import PLANS, SEEDS, lora
from tests.models import random_backbone

ALL = ("all-linear",)


def small(folder: Path, name: str) -> Backbone:
    attention = "eager" if name.startswith("mamba") else "sdpa"
    return load(HuggingFace(path=str(small_folder(folder, name)), device="cpu", attention=attention))  # type: ignore[arg-type]


def endings(paths: object) -> set[str]:
    return {path.rsplit(".", 1)[-1] for path in paths}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "unfit", "adapted"),
    [
        ("llama", set(), {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}),
        ("mamba", {"dt_proj", "out_proj"}, {"in_proj", "x_proj"}),
        ("mamba2", {"out_proj"}, {"in_proj"}),
        ("phimoe", {"router"}, {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("longcat_flash", {"classifier", "gate_proj", "up_proj", "down_proj"}, None),
        ("afmoe", {"gate_proj", "up_proj", "down_proj"}, {"q_proj", "k_proj", "v_proj", "o_proj", "gate"}),
    ],
)
def test_all_linear_leaves_out_what_is_no_plain_layer(
    tmp_path: Path, name: str, unfit: set[str], adapted: set[str] | None
) -> None:
    backbone = small(tmp_path, name)
    assert endings(unfit_layers(backbone.model)) == unfit
    found = endings(target_layers(backbone.model, ALL))
    assert found.isdisjoint(unfit)
    assert adapted is None or found == adapted
    notes = list(left_out(backbone.model, ALL))
    assert all(any(ending in note for note in notes) for ending in unfit)


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        (
            "jamba",
            "dt_proj",
            r"no adapter can go beside 'dt_proj' \(model\.layers\.0\.mamba\.dt_proj\): its weight is read",
        ),
        ("llama4_text", "router", r"'router' .*a Llama4Router that takes or gives more than one tensor"),
        ("mamba", "out_proj", "PEFT refuses it"),
        ("mixtral", "gate_up_proj", r"no linear layer 'gate_up_proj' \(.*gate_up_proj is a parameter \[4, "),
        ("llama", "embed_tokens", r"no linear layer 'embed_tokens' \(model\.embed_tokens is a Embedding\)"),
    ],
)
def test_a_target_that_is_no_plain_layer_is_named(tmp_path: Path, name: str, target: str, said: str) -> None:
    backbone = small(tmp_path, name)
    with pytest.raises(ModelError, match=said):
        target_layers(backbone.model, [target])


def test_experts_in_one_block_are_said_to_be_left_out_where_a_target_means_them_too(tmp_path: Path) -> None:
    model = small(tmp_path, "qwen2_moe").model
    [note] = left_out(model, ["down_proj"])
    assert "down_proj of Qwen2MoeForCausalLM: weights of all experts in one block" in note
    assert not list(left_out(model, ["q_proj"]))


@pytest.mark.parametrize("name", ["jamba", "mamba"])
def test_a_training_of_all_linear_layers_says_what_it_leaves_out(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    small_folder(tmp_path, name)
    attention = "eager" if name == "mamba" else "sdpa"
    model = HuggingFace(path=str(tmp_path), device="cpu", attention=attention)  # type: ignore[arg-type]
    outcomes = lora(targets=ALL, epochs=1).adapt(load(model, say=said.append), PLANS, SEEDS)
    assert all(isinstance(outcome, Adapted) for outcome in outcomes)
    assert any("leave out dt_proj" in note for note in said)


def test_watching_layers_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    model = random_backbone(tmp_path, "gpt2").model
    before = dict(model.named_modules())
    unfit_layers(model)
    assert dict(model.named_modules()) == before
