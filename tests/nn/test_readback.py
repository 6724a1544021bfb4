"""An adapter that PEFT does not load as it was trained is not handed out, and a merged model is the adapted one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from transformers.pytorch_utils import Conv1D

from seal.errors import ModelError, RunError
from seal.model.hugging_face import HuggingFace
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone, load, save
from seal.nn.checkpoint import blank
from seal.nn.lora_weights import LoRAShape, features, target_layers
from seal.nn.plain_layers import Linear, linear_layers
from seal.nn.readback import (
    distance,
    fault_for_peft,
    loaded_by_peft,
    logits,
    measure,
    read_by_peft,
    refuse_strayed,
)
from seal.types import ALL_LINEAR
from tests.models import random_backbone, random_folder
from tests.nn.test_tying import tied

IDS = tuple(range(5, 40))
HEAD_AND_QUERIES = ("lm_head", "q_proj")


def random_adapter(backbone: Backbone, targets: Sequence[str], *, size: float = 0.5) -> Adapter:
    return adapter_beside(target_layers(backbone.model, targets), targets, size=size)


def adapter_beside(layers: Mapping[str, Linear], targets: Sequence[str], *, size: float = 0.5) -> Adapter:
    generator, weights = torch.Generator().manual_seed(0), {}
    dtype = torch.promote_types(next(iter(layers.values())).weight.dtype, torch.float32)
    for path, layer in layers.items():
        n_in, n_out = features(layer)
        lora_a, lora_b = (torch.randn(*shape, generator=generator, dtype=dtype) for shape in ((2, n_in), (n_out, 2)))
        weights[path] = (lora_a / n_in**0.5, lora_b * size)
    return Adapter(
        shape=LoRAShape(rank=2, alpha=2, targets=tuple(targets)),
        weights=weights,
        transposed=any(isinstance(layer, Conv1D) for layer in layers.values()),
    )


def saved(adapter: Adapter, folder: Path) -> Path:
    adapter.save(folder, base_model="base")
    return folder


@pytest.mark.parametrize(
    ("make", "targets", "dtype"),
    [
        ("llama", (ALL_LINEAR,), "float32"),
        ("llama", (ALL_LINEAR,), "bfloat16"),
        ("qwen2", HEAD_AND_QUERIES, "float64"),
        ("gpt2", ("c_attn", "c_proj"), "float32"),
        ("deepseek_v3", (ALL_LINEAR,), "float32"),
    ],
)
def test_peft_computes_what_the_run_computed_and_leaves_the_model_as_it_was(
    tmp_path: Path, make: str, targets: tuple[str, ...], dtype: str
) -> None:
    backbone = random_backbone(tmp_path / "m", make, dtype)
    before = logits(backbone.model, IDS)
    modules = dict(backbone.model.named_modules())
    adapter = random_adapter(backbone, targets)
    agreement = read_by_peft(backbone.model, adapter, saved(adapter, tmp_path / "adapter"), IDS)
    assert agreement.holds
    assert agreement.effect > 0.1
    assert dict(backbone.model.named_modules()) == modules
    assert logits(backbone.model, IDS).equal(before)


@pytest.mark.parametrize("targets", [("gate_proj", "up_proj", "down_proj"), ("up_proj",)])
def test_layers_that_peft_takes_for_experts_are_refused_as_targets_and_in_a_saved_adapter(
    tmp_path: Path, targets: tuple[str, ...]
) -> None:
    model = random_backbone(tmp_path / "m", "deepseek_v3", "float32").model
    layers = {path: layer for path, layer in linear_layers(model).items() if path.endswith(targets)}
    folder = saved(adapter_beside(layers, targets), tmp_path / "adapter")
    with pytest.raises(RunError) as raised, loaded_by_peft(model, folder) as found:
        refuse_strayed(found, folder)
    assert "mlp.down_proj" in str(raised.value) or "up_proj without also targeting gate_proj" in str(raised.value)
    network = blank(HuggingFace(path=str(tmp_path / "m")), tmp_path / "m")
    with pytest.raises(ModelError, match=f"no adapter can go beside '{targets[0]}'.*experts' block"):
        fault_for_peft(network, targets)


@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2", "mistral"])
def test_nothing_is_found_beforehand_where_peft_loads_all(tmp_path: Path, make: str) -> None:
    folder = random_folder(tmp_path, make)
    assert fault_for_peft(blank(HuggingFace(path=str(folder)), folder), [ALL_LINEAR]) is None


def test_numbers_that_are_not_those_that_were_trained_are_found(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path / "m", "llama", "float32")
    folder = saved(random_adapter(backbone, ["q_proj"]), tmp_path / "adapter")
    other = random_adapter(backbone, ["q_proj"], size=0.6)
    with pytest.raises(
        RunError, match="with PEFT its logits are not those that were measured: on 35 tokens in float32"
    ):
        read_by_peft(backbone.model, other, folder, IDS)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("targets", [(ALL_LINEAR,), HEAD_AND_QUERIES])
def test_a_merged_model_computes_what_the_adapter_did_also_with_a_tied_head(
    tmp_path: Path, dtype: str, targets: tuple[str, ...]
) -> None:
    tied(tmp_path / "m")
    model = HuggingFace(path=str(tmp_path / "m"), dtype=dtype, device="cpu")  # type: ignore[arg-type]
    backbone = load(model)
    adapter = random_adapter(backbone, targets)
    measured = measure(backbone.model, adapter, IDS)
    adapter.merge(backbone.model)
    save(backbone.model, backbone.tokenizer, tmp_path / "merged")
    agreement = measured.agreement(load(model, tmp_path / "merged").model)
    assert agreement.holds
    assert agreement.effect > 0.1
    wrong = random_adapter(backbone, targets, size=0.6)
    assert not measure(backbone.model, wrong, IDS).agreement(backbone.model).holds


def test_logits_that_are_infinite_in_both_do_not_count_and_in_one_are_a_difference() -> None:
    one = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))
    one[:, 4] = -torch.inf
    assert distance(one, one) == 0
    assert 0 < distance(one, one + 0.01) < 0.1
    assert distance(one, one.nan_to_num(neginf=0)) == torch.inf
    assert distance(one * torch.nan, one) == torch.inf


def test_tokens_that_chose_other_experts_by_rounding_do_not_hide_that_most_agree() -> None:
    one = torch.randn(9, 10, generator=torch.Generator().manual_seed(0))
    other = one.clone()
    other[:3] += torch.randn(3, 10, generator=torch.Generator().manual_seed(1))
    assert distance(one, other) == 0
