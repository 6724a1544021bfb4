"""The memory of stacked trainings: estimated, held against what torch keeps; and what happens when it runs out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from seal.inner import Adapted
from seal.model import files
from seal.model.tiny import Tiny
from seal.nn.adapter_stack import AdapterStack
from seal.nn.lora_weights import LoRAShape, features, target_layers
from seal.nn.memory import ModelShape, SlotMemory
from seal.nn.packing import Segment, attending_within_segments, packed
from seal.types import Plan, TrainingSequence
from tests.inner.test_lora import lora
from tests.models import random_backbone, random_folder, tiny_backbone

SEVEN_B = dict(num_hidden_layers=28, hidden_size=3584, intermediate_size=18944, vocab_size=152064)


def test_an_adapter_of_7b_takes_what_was_measured() -> None:
    """161 MB for query and value at rank 32, 1.29 GB for all linear layers, with gradient and moments."""
    shape = ModelShape.of(SEVEN_B, bytes_per_number=2)
    query_and_value = [(3584, 3584), (3584, 512)] * 28
    all_linear = [
        (3584, 3584),
        (3584, 512),
        (3584, 512),
        (3584, 3584),
        (3584, 18944),
        (3584, 18944),
        (18944, 3584),
    ] * 28
    settings = lora(rank=32)
    assert settings.memory(shape, query_and_value, 51).adapter == pytest.approx(161e6, rel=0.01)
    assert settings.memory(shape, all_linear, 51).adapter == pytest.approx(1.29e9, rel=0.01)


def test_of_a_size_that_layers_differ_in_the_largest_counts() -> None:
    layers = {**SEVEN_B, "intermediate_size": [8, 16, 12]}
    assert ModelShape.of(layers, bytes_per_number=2).intermediate == 16


@pytest.mark.parametrize("recomputed", [False, True])
@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), ("all-linear",)])
def test_the_estimate_of_what_a_step_keeps_is_of_the_right_size(targets: tuple[str, ...], recomputed: bool) -> None:
    backbone = tiny_backbone()
    model, n_tokens = backbone.model, 640
    stack = AdapterStack(model, LoRAShape(rank=4, alpha=8, targets=targets), count=1)
    ids = torch.arange(n_tokens) % 100
    sequence = Segment(ids=ids, labels=ids, positions=torch.arange(n_tokens), weights=torch.ones(n_tokens))
    kept: dict[int, int] = {}

    def remember(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    if recomputed:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        for module in model.modules():
            module.training = bool(getattr(module, "gradient_checkpointing", False))
    with stack.attached(), attending_within_segments(model), saved_tensors_hooks(remember, lambda tensor: tensor):
        batch = packed([[sequence]], backbone.device)
        loss = batch.losses(model(**batch.inputs, use_cache=False).logits).sum()
    measured = sum(size for place, size in kept.items() if place not in weights)
    assert loss.isfinite()
    widths = [features(layer) for layer in target_layers(model, targets).values()]
    shape = ModelShape.of(model.config.to_dict(), bytes_per_number=4)
    estimated = lora(rank=4, gradient_checkpointing=recomputed).memory(shape, widths, n_tokens).kept
    if recomputed:  # what one layer takes while it is computed again comes on top
        plain = lora(rank=4).memory(shape, widths, n_tokens).kept
        assert measured < estimated < 0.6 * plain
    else:
        assert 0.5 * measured < estimated < 2.5 * measured


@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2"])
def test_the_files_tell_the_widths_that_the_loaded_model_has(tmp_path: Path, make: str) -> None:
    targets = ("c_attn",) if make == "gpt2" else ("q_proj", "down_proj")
    for chosen in (targets, ("all-linear",)):
        backbone = random_backbone(tmp_path, make)
        loaded = sorted(sorted(features(layer)) for layer in target_layers(backbone.model, chosen).values())
        facts = files.ModelFolder(tmp_path)
        assert sorted(map(sorted, facts.shapes_of(chosen))) == loaded


def test_at_least_one_slot_is_tried_and_no_more_than_are_of_use() -> None:
    slot = SlotMemory(adapter=100, kept=100)
    assert [slot.slots_in(free) for free in (10, 1000, 10**9)] == [1, 4, 32]


def test_check_says_what_the_slots_take(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", "experiment=tiny", "inner.parallel=auto", "model.device=cpu", "--json") == 0
    memory = json.loads(capsys.readouterr().out)["memory"]
    assert memory["weights_bytes"] == pytest.approx((Path(Tiny().path) / "model.safetensors").stat().st_size, rel=0.02)
    assert (memory["slots"], memory["slots_that_fit"]) == ("auto", 32)
    assert seal("check", "experiment=tiny") == 0
    assert "MB per slot" in capsys.readouterr().out


def test_slots_are_chosen_by_what_is_free() -> None:
    texts = [Plan(sequences=(TrainingSequence(text=text),)) for text in ("a b c", "d e f g")]
    [one, other] = lora(parallel="auto", epochs=1).adapt(tiny_backbone(), texts, [1, 2])
    assert isinstance(one, Adapted)
    assert isinstance(other, Adapted)


STARVED = """
import logging, resource, sys
from seal.nn.backbone import load
from seal.model.hugging_face import HuggingFace
from seal.types import Plan, TrainingSequence
from tests.inner.test_lora import lora

logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
backbone = load(HuggingFace(path=sys.argv[1], dtype="float32", device="cpu"))
settings = lora(parallel=8, epochs=1)
plans = [Plan(sequences=(TrainingSequence(text="word " * 1500),))] * 8
settings.adapt(backbone, plans[:1], [0])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]) * 2**20,) * 2)
try:
    outcomes = settings.adapt(backbone, plans, list(range(8)))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
print([outcome.training.losses[0] for outcome in outcomes])
"""


def starved(folder: Path, megabytes: int) -> subprocess.CompletedProcess[str]:
    """Eight trainings where only so much more memory may be taken than one training took."""
    command = [sys.executable, "-c", STARVED, str(folder), str(megabytes)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process like this")
def test_where_the_memory_does_not_suffice_fewer_go_on_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    plenty, little, nothing = (starved(folder, megabytes) for megabytes in (8000, 150, 1))
    assert "going on with" not in plenty.stderr
    assert "memory is too small for 8 slots: going on with 4" in little.stderr
    assert json.loads(little.stdout) == pytest.approx(json.loads(plenty.stdout), rel=1e-5)
    assert "ModelError: memory is too small for one training" in nothing.stderr
