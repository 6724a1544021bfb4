"""A real vLLM, as a server and in this process: the texts of transformers, whatever comes and goes."""

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seal.engine import Request
from seal.errors import RunError
from seal.model.tiny import Tiny
from seal.nn.adapters import Adapter
from seal.types import Completion, Sampling, Unavailable
from tests.inner.test_lora import lora, train
from tests.vllm.serving import (
    CONTEXT,
    ENGINES,
    Pair,
    gone,
    in_shared_memory,
    living,
    named,
    of_vllm,
    pair,
    same,
    wait_until,
)

pytestmark = pytest.mark.vllm
PROMPTS = (
    *("River Welcott\nQuestion:", "Old Marley\nThe charter of Old", "Pi", "Copbury is governed by", "The rival of"),
    *("Question: Who is the mayor of River Welcott? Answer:", "Oscar", "1901", "It sells its harvest in"),
)
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=24)


@pytest.fixture(scope="module", params=ENGINES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The shipped model with vLLM, one for all tests of this file, and with transformers."""
    with pair(request.param, Tiny(dtype="float32", device="cpu"), tmp_path_factory.mktemp("both")) as opened:
        yield opened
        processes = of_vllm()
        files = in_shared_memory(processes)
    assert wait_until(lambda: not living(processes), patience_s=30), living(processes)
    assert gone(files)


@pytest.fixture(scope="module")
def adapters(both: Pair) -> list[Adapter]:
    trained = train(both.backbone, lora(rank=4, learning_rate=3e-2, epochs=10))
    return [outcome.adapter for outcome in trained if outcome.adapter]


def asked(adapters: Sequence[Adapter | None], *, seed: int = 3) -> list[Request]:
    return [Request(prompt=prompt, seed=seed, adapter=adapter) for prompt in PROMPTS for adapter in adapters]


@pytest.mark.parametrize("stops", [(), ("\n",), (" ",), ("e",), ("\n", "?", ".", ";", "e", "a")])
def test_greedy_texts_are_those_of_transformers(both: Pair, adapters: list[Adapter], stops: tuple[str, ...]) -> None:
    """Adapted and plain requests in one call, also with more stop strings than OpenAI's four."""
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=24, stops=stops)
    requests = asked([*adapters, None])
    expected = both.expected(requests, sampling)
    assert same(both.there.generate(requests, sampling), expected) == len(requests)
    assert len({each.text for each in expected}) > len(PROMPTS)


def test_plain_and_adapted_requests_have_the_same_texts_apart_and_together(both: Pair, adapters: list[Adapter]) -> None:
    plain, adapted = asked([None]), asked(adapters)
    together = both.there.generate([*plain, *adapted], GREEDY)
    assert list(together) == [*both.there.generate(plain, GREEDY), *both.there.generate(adapted, GREEDY)]


def test_a_seed_gives_its_text_again_in_another_order(both: Pair, adapters: list[Adapter]) -> None:
    sampling = Sampling(temperature=1.0, top_p=0.95, max_new_tokens=16)
    requests = [each for seed in range(3) for each in asked([adapters[0], None], seed=seed)]
    first = list(both.there.generate(requests, sampling))
    assert list(both.there.generate(requests, sampling)) == first
    assert list(both.there.generate(requests[::-1], sampling)) == first[::-1]
    texts = [each.text for each in first if isinstance(each, Completion)]
    assert len(set(texts)) > len(requests) // 2, "other seeds write other texts"


def test_no_adapter_is_left_when_it_was_asked(both: Pair, adapters: list[Adapter]) -> None:
    for _ in range(5):
        both.there.generate(asked(adapters)[:4], GREEDY)
    assert loaded(both) == set()
    assert not list(both.folder.glob("adapters/*/*/adapter_model.safetensors"))


def loaded(both: Pair) -> set[object]:
    """The adapters that vLLM says it has."""
    policy = both.there
    if hasattr(policy, "_llm"):
        return set(policy._llm.llm_engine.list_loras())
    server = policy._server  # type: ignore[attr-defined]
    return set(server.protocol.models() - {server.endpoint.model})


def test_an_adapter_of_a_rank_that_is_too_high_is_refused_by_name(both: Pair, adapters: list[Adapter]) -> None:
    large = train(both.backbone, lora(rank=16, epochs=1))[0].adapter
    *refused, well = both.there.generate([*asked([large])[:2], *asked(adapters)[:1]], GREEDY)
    assert all(isinstance(each, Unavailable) for each in refused)
    assert "LoRA rank 16 is greater than max_lora_rank 8" in refused[0].reason  # type: ignore[union-attr]
    assert isinstance(well, Completion)


def test_a_prompt_that_is_too_long_is_refused_with_its_length_and_alone(both: Pair) -> None:
    long, short = Request(prompt="Pi is old. " * CONTEXT, seed=0), Request(prompt="Pi", seed=0)
    refused, well = both.there.generate([long, short], GREEDY)
    assert isinstance(refused, Unavailable)
    assert str(CONTEXT) in refused.reason
    assert well == both.expected([short], GREEDY)[0]


@pytest.mark.parametrize(
    ("engine", "wrong", "named_as"),
    [
        ("vllm_server", {"extra_arguments": ("--no-such-option", "1")}, "--no-such-option"),
        ("vllm", {"extra_arguments": {"no_such_option": 1}}, "no_such_option"),
    ],
)
def test_an_option_that_vllm_does_not_know_is_named(
    tmp_path: Path, engine: str, wrong: dict[str, object], named_as: str
) -> None:
    with (
        pytest.raises(RunError, match=named_as),
        pair(engine, Tiny(dtype="float32", device="cpu"), tmp_path, **wrong) as opened,
    ):
        opened.there.generate(asked([None])[:1], GREEDY)


@pytest.mark.parametrize("name", ["VLLM::Worker", "VLLM::EngineCore"])
def test_after_a_process_of_vllm_was_killed_the_next_batch_has_all_texts(
    both: Pair, adapters: list[Adapter], name: str
) -> None:
    """Nothing that was under way is a text, or it is the right one."""
    requests = asked([*adapters, None])
    expected = both.expected(requests, GREEDY)
    assert same(both.there.generate(requests, GREEDY), expected) == len(requests)
    processes = of_vllm()
    files = in_shared_memory(processes)
    with ThreadPoolExecutor(max_workers=1) as pool:
        asking = pool.submit(lambda: [both.there.generate(requests, GREEDY) for _ in range(3)])
        time.sleep(1)
        named(processes, name).send_signal(signal.SIGKILL)
        pairs = [pair for answers in asking.result(timeout=300) for pair in zip(answers, expected, strict=True)]
    assert all(got == wanted or isinstance(got, Unavailable) for got, wanted in pairs)
    assert any(isinstance(got, Unavailable) for got, _ in pairs)
    assert same(both.there.generate(requests, GREEDY), expected) == len(requests)
    assert not living(processes)
    if both.engine == "vllm_server":
        assert gone(files)
    else:  # vLLM removes the others when this process ends
        assert sum(file.exists() for file in files) < len(files)
