"""vLLM as a library: what holds without it is tested anywhere, the rest where there is a GPU and vLLM."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.engine.vllm import VLLM
from seal.engine.vllm_settings import Call, Written, complete
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import Backbones, Stored
from seal.types import Completion, Policy, Sampling, Unavailable
from tests.conftest import SMALL
from tests.inner.test_lora import lora, train
from tests.models import CHAT_TEMPLATE, random_folder, set_config, tiny_backbone

Seal = Callable[..., int]
POLICY = Policy(round=0)
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=12)
PROMPTS = ("River Welcott\nQuestion:", "Old Marley\nThe charter of Old", "Pi")
LIBRARY = (*SMALL, "engine=vllm", "~engine.prompts_per_batch")


def settings(**chosen: Any) -> VLLM:
    defaults: dict[str, Any] = dict(
        max_rank=4,
        max_loras=2,
        max_cpu_loras=None,
        loads_per_start=100,
        gpu_memory_utilization=0.3,
        max_model_len=512,
        enforce_eager=True,
        adapter_folder=None,
        adapter_budget_gb=None,
        requests_together=16,
        extra_arguments={},
    )
    return VLLM(**defaults | chosen)


def stored(folder: Path, **of_model: Any) -> Stored:
    return Backbones(HuggingFace(path=str(folder), dtype="float32", device="cpu", **of_model), folder).stored(POLICY)


def test_a_run_without_vllm_says_so_before_anything_starts(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("vllm"):
        pytest.skip("vLLM is here")
    assert seal("run", *LIBRARY) == 2
    assert "engine: vLLM is not installed here: pip install 'seal-lm[vllm]'" in capsys.readouterr().err
    assert not list(Path("outputs").glob("tiny/*.safetensors"))
    assert not Path("outputs/tiny/self_edits.jsonl").exists()


def test_vllm_is_given_the_precision_of_the_model_and_none_of_its_publisher_s_tastes() -> None:
    model = HuggingFace(path="some/model", dtype="bfloat16", trust_remote_code=True)
    told = settings(max_rank=32, max_cpu_loras=7).arguments(model)
    assert told == {
        "dtype": "bfloat16",
        "trust_remote_code": True,
        "gpu_memory_utilization": 0.3,
        "max_model_len": 512,
        "enforce_eager": True,
        "generation_config": "vllm",
        "seed": 0,
        "enable_lora": True,
        "max_lora_rank": 32,
        "max_loras": 2,
        "max_cpu_loras": 7,
    }
    without = settings(max_rank=0, max_model_len=None).arguments(model)
    assert not {"enable_lora", "max_lora_rank", "max_loras", "max_model_len"} & without.keys()


def test_the_largest_rank_follows_the_inner_loop(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *LIBRARY, "inner.rank=48") == 0
    assert "max_rank: 48" in capsys.readouterr().out
    assert seal("check", *LIBRARY, "inner.rank=48", "engine.max_rank=32") == 2
    assert "engine.max_rank: it is 32, but inner.rank is 48" in capsys.readouterr().err


def test_prompts_are_the_token_ids_that_transformers_would_see(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama", chat_template=CHAT_TEMPLATE)
    calls: list[Call] = []
    policy = stored(folder, chat=True)
    complete([Request(prompt="Pi", seed=2**40 + 7)], {}, policy, GREEDY, answering({}, calls))
    [call] = calls
    assert policy.tokenizer.decode(call.prompt_ids) == "<|user|>Pi\n<|assistant|>"
    assert call.seed == 7


def test_a_text_ends_at_every_token_that_ends_one_in_process(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    set_config(folder, name="generation_config.json", eos_token_id=[3, 5])
    assert stored(folder).end_ids == {stored(folder).tokenizer.eos_token_id, 3, 5}
    (folder / "generation_config.json").unlink()
    set_config(folder, eos_token_id=9)
    assert stored(folder).end_ids == {stored(folder).tokenizer.eos_token_id, 9}


def answering(texts: dict[tuple[str, ...], str], calls: list[Call]) -> Callable[[Sequence[Call]], list[Written]]:
    """Somebody who writes what stands beside the stop strings, and notes the calls."""

    def ask(asked: Sequence[Call]) -> list[Written]:
        calls.extend(asked)
        return [Written(text=texts.get(call.stops, "x"), finished=bool(call.stops)) for call in asked]

    return ask


def test_white_space_before_a_text_ends_nothing(tmp_path: Path) -> None:
    """vLLM ends at the first line break, also where nothing was written yet."""
    calls: list[Call] = []
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=9, stops=("\n",))
    ask = answering({("\n",): "", (): "\n\nAn answer\nand more"}, calls)
    [completion] = complete([Request(prompt="Pi", seed=0)], {}, stored(Path(Tiny().path)), sampling, ask)
    assert completion == Completion(text="\n\nAn answer", finished=True)
    assert [call.stops for call in calls] == [("\n",), ()]


def test_texts_are_read_from_token_ids_by_the_model_s_own_decoder() -> None:
    policy = stored(Path(Tiny().path))
    ids = tuple(policy.tokenizer(" Leo and\nmore", add_special_tokens=False)["input_ids"])
    expected = policy.tokenizer.decode(ids)
    ended = Written(text="  read otherwise", finished=True, token_ids=(*ids, min(policy.end_ids)))
    cut = Written(text="  read otherwise", finished=False, token_ids=ids)
    asked = [Request(prompt="Pi", seed=0)] * 2
    outcomes = complete(asked, {}, policy, GREEDY, lambda calls: [ended, cut])
    assert outcomes == [Completion(text=expected, finished=True), Completion(text=expected, finished=False)]


def test_a_text_that_vllm_stopped_where_we_read_no_stop_string_is_asked_for_without() -> None:
    """It reads a space in front of the first word, or stops at white space that ends nothing."""
    policy = stored(Path(Tiny().path))

    def ids(text: str) -> tuple[int, ...]:
        return tuple(policy.tokenizer(text, add_special_tokens=False)["input_ids"])

    calls: list[Call] = []

    def ask(asked: Sequence[Call]) -> list[Written]:
        calls.extend(asked)
        whole = ids("\n\nLeo\nand more") if not asked[0].stops else ids("\n")
        return [Written(text="", finished=bool(asked[0].stops), token_ids=whole)]

    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=9, stops=("\n",))
    [completion] = complete([Request(prompt="Pi", seed=0)], {}, policy, sampling, ask)
    assert completion == Completion(text="\n\nLeo", finished=True)
    assert [call.stops for call in calls] == [("\n",), ()]


def test_a_text_that_ended_by_itself_is_not_asked_for_again() -> None:
    policy = stored(Path(Tiny().path))
    empty = Written(text="", finished=True, token_ids=(min(policy.end_ids),))
    calls: list[Call] = []

    def ask(asked: Sequence[Call]) -> list[Written]:
        calls.extend(asked)
        return [empty for _ in asked]

    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=9, stops=("\n",))
    [completion] = complete([Request(prompt="Pi", seed=0)], {}, policy, sampling, ask)
    assert completion == Completion(text="", finished=True)
    assert len(calls) == 1


def test_an_adapter_that_was_not_loaded_is_asked_nothing(tmp_path: Path) -> None:
    adapter = train(tiny_backbone(), lora(epochs=1))[0].adapter
    calls: list[Call] = []
    refused = Unavailable(reason="the adapter was not loaded")
    requests = [Request(prompt="Pi", seed=0, adapter=adapter), Request(prompt="Pi", seed=0)]
    outcomes = complete(requests, {id(adapter): refused}, stored(Path(Tiny().path)), GREEDY, answering({}, calls))
    assert outcomes == [refused, Completion(text="x", finished=False)]
    assert [call.lora for call in calls] == [None]


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("chosen", [{}, {"loads_per_start": 2}])
def test_vllm_writes_with_adapters_what_transformers_writes(tmp_path: Path, chosen: dict[str, Any]) -> None:
    pytest.importorskip("vllm")
    adapters = [outcome.adapter for outcome in train(tiny_backbone(), lora(learning_rate=3e-2, epochs=10))]
    asked = [Request(prompt=prompt, seed=0, adapter=adapter) for adapter in adapters for prompt in PROMPTS]
    backbones = Backbones(Tiny(dtype="float32"), tmp_path)
    try:
        generator = settings(adapter_folder=tmp_path, **chosen).generator(POLICY, backbones, lambda usage: None)
        twice = [generator.generate(asked, GREEDY) for _ in range(2)]
        plain = generator.generate([Request(prompt=PROMPTS[0], seed=0)], GREEDY)
    finally:
        backbones.close()
    here = BatchedGenerator(tiny_backbone())
    assert list(twice[0]) == list(twice[1]) == here.generate(asked, GREEDY)
    assert list(plain) == here.generate([Request(prompt=PROMPTS[0], seed=0)], GREEDY)
    assert not list(tmp_path.iterdir())


THINKS = "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<think>\n{% endif %}"
"""A chat template whose prompts end within a thought."""


def test_a_stop_string_within_a_thought_ends_nothing(tmp_path: Path) -> None:
    calls: list[Call] = []
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=9, stops=("\n",))
    ask = answering({("\n",): "<think>", (): "<think>\nRome?\n</think>\n\nParis\nand more"}, calls)
    [completion] = complete([Request(prompt="Pi", seed=0)], {}, stored(Path(Tiny().path)), sampling, ask)
    assert completion == Completion(text="Paris", finished=True, thought="<think>\nRome?\n</think>")
    assert [call.stops for call in calls] == [("\n",), ()]


def test_a_prompt_that_opens_a_thought_is_asked_without_stop_strings_at_once(tmp_path: Path) -> None:
    policy = stored(random_folder(tmp_path, "llama", chat_template=THINKS), chat=True)
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=9, stops=("\n",))
    for text, completion in {
        "Rome?\n</think>\nParis\nmore": Completion(text="Paris", finished=True, thought="Rome?\n</think>"),
        "Rome?\nOr": Completion(
            text="",
            finished=False,
            thought="Rome?\nOr",
            failure="the text reached its limit of 9 tokens within a thought",
        ),
    }.items():
        calls: list[Call] = []
        assert complete([Request(prompt="Pi", seed=0)], {}, policy, sampling, answering({(): text}, calls)) == [
            completion
        ]
        assert [call.stops for call in calls] == [()]
