"""Rows come and go: no text waits for a longer one, and none notices."""

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
    assert decodes_by_rows(backbone.model) is (make != "mamba")
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
