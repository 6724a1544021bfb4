"""Rows come and go: no text waits for a longer one, and none notices."""

import math
from pathlib import Path

import pytest
import torch

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.engine.decoding import decodes_by_rows
from seal.inner import Adapted
from seal.nn.backbone import Backbone
from seal.types import Completion, Sampling
from tests.inner.test_lora import PLANS, SEEDS, lora
from tests.models import random_backbone

PROMPTS = [
    "Pi is",
    "River Welcott\nThe mayor of River Welcott is led by the harvest of a market that was",
    "It",
    "They has What Where It They the mayor of a in is led by sells its harvest and was " * 3,
    "Old Marley\nThe charter",
    "A lute of",
    "Where is the trade of the town and the market of the river",
]
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=14)
WARM = Sampling(temperature=1.0, top_p=0.9, max_new_tokens=14)
STOPPED = Sampling(temperature=1.0, top_p=1.0, max_new_tokens=14, stops=("e", " a"))


def one_by_one(backbone: Backbone, requests: list[Request], sampling: Sampling) -> list[Completion]:
    return [BatchedGenerator(backbone, prompts_per_batch=1).generate([one], sampling)[0] for one in requests]


@pytest.mark.parametrize("sampling", [GREEDY, WARM, STOPPED])
@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2", "mamba"])
def test_texts_are_those_of_one_at_a_time_whoever_comes_and_goes(tmp_path: Path, make: str, sampling: Sampling) -> None:
    backbone = random_backbone(tmp_path, make)
    assert decodes_by_rows(backbone, 100) is (make != "mamba")
    requests = [Request(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS * 2)]
    alone = one_by_one(backbone, requests, sampling)
    assert len({text.text for text in alone}) > 3
    for places in (3, 5, 100):
        assert BatchedGenerator(backbone, prompts_per_batch=places).generate(requests, sampling) == alone


@pytest.mark.parametrize("make", ["llama", "gpt2"])
def test_more_adapters_than_places_take_their_turns(tmp_path: Path, make: str) -> None:
    backbone = random_backbone(tmp_path, make)
    targets = ("c_attn",) if make == "gpt2" else ("q_proj", "v_proj")
    outcomes = lora(learning_rate=0.1, targets=targets).adapt(backbone, PLANS * 2, [*SEEDS, 4, 5, 6])
    adapters = [outcome.adapter for outcome in outcomes if isinstance(outcome, Adapted)]
    requests = [
        Request(prompt=prompt, seed=number, adapter=adapter)
        for number, adapter in enumerate(adapters)
        for prompt in PROMPTS[: 1 + number]
    ]
    alone = one_by_one(backbone, requests, STOPPED)
    assert BatchedGenerator(backbone, prompts_per_batch=4).generate(requests, STOPPED) == alone


def test_a_row_that_is_done_is_not_computed_any_more(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    n_rows: list[int] = []
    backbone.model.get_input_embeddings().register_forward_hook(lambda _, ids, __: n_rows.append(len(ids[0])))
    requests = [Request(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS * 4)]
    texts = BatchedGenerator(backbone, prompts_per_batch=4).generate(requests, STOPPED)
    assert sum(text.finished for text in texts) > len(texts) / 2
    assert max(n_rows) <= 4
    assert sum(n_rows) < 0.8 * len(requests) * STOPPED.max_new_tokens


def test_where_the_memory_does_not_suffice_fewer_texts_are_written_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backbone = random_backbone(tmp_path, "llama")
    requests = [Request(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    alone = one_by_one(backbone, requests, WARM)

    def too_much(_: object, ids: tuple[torch.Tensor, ...]) -> None:
        if len(ids[0]) > 2:
            raise torch.OutOfMemoryError("as a GPU of that size would say")

    backbone.model.get_input_embeddings().register_forward_pre_hook(too_much)
    assert BatchedGenerator(backbone, prompts_per_batch=7).generate(requests, WARM) == alone
    assert "the memory does not suffice for 7 texts at once: halved" in caplog.text


@pytest.mark.parametrize("sampling", [GREEDY, WARM, STOPPED])
@pytest.mark.parametrize("make", ["qwen2", "mistral"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_logits_that_are_not_finite_are_a_failure_of_the_rows_concerned_alone(
    tmp_path: Path, make: str, sampling: Sampling, number: float
) -> None:
    backbone = random_backbone(tmp_path, make)
    assert decodes_by_rows(backbone, 100) is (make == "qwen2")
    requests = [Request(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    before = BatchedGenerator(backbone).generate(requests, sampling)
    token = backbone.tokenizer("Pi is")["input_ids"][0]
    backbone.model.get_input_embeddings().weight.data[token] = number
    after = BatchedGenerator(backbone).generate(requests, sampling)
    assert after[0] == Completion(text="", finished=False, failure="the model's logits are not finite")
    fine = [(one, other) for one, other in zip(before, after, strict=True) if not other.failure]
    assert len(fine) > 3, "a text may come to that token by itself"
    assert all(one == other for one, other in fine)


def test_what_comes_of_a_row_that_is_done_is_no_text_of_it(tmp_path: Path) -> None:
    """It is fed padding for as long as its batch goes on."""
    backbone = random_backbone(tmp_path, "mistral")
    requests = [Request(prompt=PROMPTS[0], seed=seed) for seed in range(8)]  # of one length: no padding in front
    before = BatchedGenerator(backbone).generate(requests, STOPPED)
    assert len({len(text.text) for text in before}) > 3
    backbone.model.get_input_embeddings().weight.data[backbone.pad_id] = math.nan
    assert BatchedGenerator(backbone).generate(requests, STOPPED) == before


def test_an_adapter_that_overflows_fails_alone(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    outcomes = lora(learning_rate=0.1).adapt(backbone, PLANS, SEEDS)
    adapters = [outcome.adapter for outcome in outcomes if isinstance(outcome, Adapted)]
    requests = [Request(prompt=PROMPTS[0], seed=0, adapter=adapter) for adapter in adapters]
    before = BatchedGenerator(backbone).generate(requests, GREEDY)
    for _, lora_b in adapters[1].weights.values():
        lora_b.fill_(math.inf)
    after = BatchedGenerator(backbone).generate(requests, GREEDY)
    assert [bool(text.failure) for text in after] == [False, True, False]
    assert [after[0], after[2]] == [before[0], before[2]]
