"""Adapters of DoRA; that their training is that of PEFT is tested beside that of LoRA's."""

from collections.abc import Callable
from pathlib import Path

import pytest
from peft import PeftModel

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.inner.dora import DoRA
from seal.types import Sampling
from tests.conftest import SMALL, settings_without
from tests.inner.test_lora import lora, train
from tests.models import random_backbone, tiny_backbone


def test_adapters_of_dora_answer_side_by_side_as_each_alone(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "qwen2")
    adapters = [outcome.adapter for outcome in train(backbone, lora(targets=("all-linear",), dora=True))]
    requests = [
        Request(prompt=prompt, seed=0, adapter=adapter)
        for prompt in ("River Welcott\nThe mayor", "Pi\nIs", "Old Marley\nThe charter of Old")
        for adapter in adapters
    ]
    generator, greedy = BatchedGenerator(backbone), Sampling(temperature=0.0, top_p=1.0, max_new_tokens=12)
    together = [completion.text for completion in generator.generate(requests, greedy)]
    alone = [generator.generate([request], greedy)[0].text for request in requests]
    assert together == alone
    assert len(set(together)) > 3


def test_models_of_dora_are_asked_together_though_they_are_trained_one_by_one() -> None:
    assert DoRA().slots > 1


@pytest.mark.slow
def test_a_run_with_dora_hands_out_an_adapter_that_plain_peft_loads(seal: Callable[..., int]) -> None:
    assert seal("run", *settings_without(SMALL, "inner.parallel"), "~inner.parallel", "inner=dora", "name=rounds") == 0
    Path("my.jsonl").write_text('{"title": "Pi", "passage": "Pi is 3."}\n')
    adapt = ("recipe=adapt", "task=passages", "task.path=my.jsonl", "recipe.edits_per_context=0", "cluster.threads=1")
    assert seal("run", *adapt, "inner=dora", "name=adapted") == 0
    network = PeftModel.from_pretrained(tiny_backbone().model, "outputs/adapted/adapter")
    assert network.peft_config["default"].use_dora


def test_an_engine_that_cannot_serve_dora_is_refused(seal: Callable[..., int], capsys: pytest.CaptureFixture) -> None:
    assert seal("check", "engine=vllm", "inner=dora") == 2
    assert "inner: vLLM does not serve adapters of DoRA" in capsys.readouterr().err
