"""A real vLLM with a real English model: the texts of transformers, in its chat template."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seal.engine import Request
from seal.model.smollm2_135m import SmolLM2
from seal.nn.adapters import Adapter
from seal.nn.backbone import load
from seal.types import Sampling
from tests.inner.test_lora import lora, train
from tests.vllm.serving import ENGINES, Pair, pair, same

pytestmark = pytest.mark.vllm
QUESTIONS = (
    *("What is the capital of France?", "Name a fruit that is yellow.", "What do bees make?"),
    *("Who wrote Hamlet?", "Write a sentence about a river.", "Which river flows through London?"),
)


@pytest.fixture(scope="module")
def adapters() -> list[Adapter | None]:
    """Three, and none."""
    trained = train(load(SmolLM2(dtype="float32", device="cpu")), lora(rank=4, learning_rate=4e-3, epochs=2))
    return [None, *(outcome.adapter for outcome in trained)]


@pytest.fixture(scope="module", params=ENGINES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("smollm2")
    with pair(request.param, SmolLM2(dtype="float32", device="cpu"), folder) as opened:
        yield opened


def test_greedy_texts_are_those_of_transformers(both: Pair, adapters: list[Adapter | None]) -> None:
    requests = [Request(prompt=each, seed=0, adapter=adapter) for each in QUESTIONS for adapter in adapters]
    for stops in ((), ("\n", ".", ",", "?", "!", ";")):
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=24, stops=stops)
        expected = both.expected(requests, sampling)
        assert same(both.there.generate(requests, sampling), expected) == len(requests)
        assert len({each.text for each in expected}) > len(QUESTIONS)
