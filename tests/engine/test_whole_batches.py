"""Models whose rows cannot come and go: who stands beside a text changes nothing, or nobody does."""

from pathlib import Path

import pytest

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.engine.writing import way_of_writing
from seal.errors import ModelError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import Backbone, load
from seal.nn.company import Company
from seal.types import Sampling
from tests.architectures.shrinking import small_folder
from tests.inner.test_lora import lora, train
from tests.nn.test_company import DYNAMIC, LONG, PHI3

PROMPTS = [LONG, "Pi is", LONG * 2, "Old Marley\nThe charter", "It is", LONG]
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=6)
WARM = Sampling(temperature=1.0, top_p=0.9, max_new_tokens=6)
KINDS = {
    "bart": ("bart", {}, Company.EQUAL),
    "phi3": ("phi3", PHI3, Company.EQUAL),
    "dynamic": ("llama", DYNAMIC, Company.EQUAL),
    "rwkv": ("rwkv", {}, Company.ALONE),
    "recurrent_gemma": ("recurrent_gemma", {}, None),
    "minimax": ("minimax", {}, None),
}


def small(folder: Path, kind: str) -> Backbone:
    name, settings, _ = KINDS[kind]
    small_folder(folder, name, **settings)  # type: ignore[arg-type]
    attention = "eager" if name == "rwkv" else "sdpa"
    return load(HuggingFace(path=str(folder), device="cpu", attention=attention))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "sampling"),
    [
        pytest.param("bart", WARM, marks=pytest.mark.slow),
        pytest.param("rwkv", WARM, marks=pytest.mark.slow),
        *((kind, WARM) for kind in ("phi3", "dynamic", "recurrent_gemma", "minimax")),
        pytest.param("dynamic", GREEDY, marks=pytest.mark.slow),
    ],
)
def test_a_text_in_a_batch_is_the_text_alone(tmp_path: Path, kind: str, sampling: Sampling) -> None:
    backbone = small(tmp_path, kind)
    company = KINDS[kind][2]
    assert company is None or way_of_writing(backbone, 80).company is company
    requests = [Request(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    together = BatchedGenerator(backbone).generate(requests, sampling)
    alone = [BatchedGenerator(backbone).generate([request], sampling)[0] for request in reversed(requests)]
    assert together == alone[::-1]
    assert len({text.text for text in alone}) > 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["phi3", "rwkv"])
def test_adapters_answer_side_by_side_what_they_answer_alone(tmp_path: Path, kind: str) -> None:
    backbone = small(tmp_path, kind)
    targets = ("key", "value") if kind == "rwkv" else ("qkv_proj",)
    adapters = [outcome.adapter for outcome in train(backbone, lora(targets=targets, learning_rate=0.1))]
    requests = [
        Request(prompt=prompt, seed=seed, adapter=adapter)
        for seed, adapter in enumerate(adapters)
        for prompt in PROMPTS[seed : seed + 3]
    ]
    generator = BatchedGenerator(backbone, prompts_per_batch=5)
    together = generator.generate(requests, GREEDY)
    assert together == [generator.generate([request], GREEDY)[0] for request in requests]


def test_what_is_written_apart_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    small_folder(tmp_path, "phi3", **PHI3)
    backbone = load(HuggingFace(path=str(tmp_path), device="cpu"), say=said.append)
    requests = [Request(prompt=prompt, seed=0) for prompt in PROMPTS]
    for _ in range(2):
        BatchedGenerator(backbone).generate(requests, GREEDY)
    [note] = said
    assert note.startswith("Phi3ForCausalLM writes side by side where they have one length")


def test_a_model_that_continues_one_token_from_what_it_read_before_is_refused_such_prompts(tmp_path: Path) -> None:
    small_folder(tmp_path, "recurrent_gemma")
    backbone = load(HuggingFace(path=str(tmp_path), device="cpu"))
    with pytest.raises(ModelError, match="continues a prompt of one token from whatever it read before"):
        BatchedGenerator(backbone).generate([Request(prompt="It", seed=0)], GREEDY)


def test_a_model_that_writes_at_other_positions_than_it_reads_is_refused(tmp_path: Path) -> None:
    """RoBERTa counts positions from behind its padding token; transformers' search counts them from 0."""
    small_folder(tmp_path, "roberta")
    backbone = load(HuggingFace(path=str(tmp_path), device="cpu"))
    with pytest.raises(ModelError, match="does not write as it reads"):
        BatchedGenerator(backbone).generate([Request(prompt="Pi", seed=0)], GREEDY)
