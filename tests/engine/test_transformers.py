"""Generation: a text depends on its own seed and adapter, and on nothing that stands beside it."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.engine.whole_batches import SeededSampling
from seal.errors import ModelError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.types import Sampling
from tests.inner.test_lora import lora, train
from tests.models import CHAT_TEMPLATE, random_backbone, random_folder, tiny_backbone

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=12)
WARM = Sampling(temperature=1.0, top_p=0.95, max_new_tokens=12)
PROMPTS = ("River Welcott\nQuestion:", "Old Marley\nThe charter of Old", "Pi")


def requests(*seeds: int) -> list[Request]:
    return [Request(prompt=prompt, seed=seed) for prompt, seed in zip(PROMPTS, seeds, strict=False)]


def test_greedy_text_is_what_transformers_writes(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "qwen2")
    for request, completion in zip(
        requests(0, 0, 0), BatchedGenerator(backbone).generate(requests(0, 0, 0), GREEDY), strict=True
    ):
        ids = backbone.tokenizer(request.prompt, return_tensors="pt")
        output = backbone.model.generate(**ids, do_sample=False, max_new_tokens=12)
        expected = backbone.tokenizer.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        assert completion.text == expected


@pytest.mark.parametrize("sampling", [GREEDY, WARM])
def test_a_text_is_the_same_in_every_batch(tmp_path: Path, sampling: Sampling) -> None:
    generator = BatchedGenerator(random_backbone(tmp_path, "llama"))
    together = generator.generate(requests(1, 2, 3), sampling)
    alone = [generator.generate([request], sampling)[0] for request in requests(1, 2, 3)]
    assert together == alone


def test_seeds_decide_what_is_sampled(tmp_path: Path) -> None:
    generator = BatchedGenerator(random_backbone(tmp_path, "llama"))
    first, again, other = (generator.generate(requests(seed), WARM)[0].text for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_sampling_follows_the_nucleus_of_the_distribution() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    n_rows = 20_000
    sampling = Sampling(temperature=1.0, top_p=0.8, max_new_tokens=1)
    sampler = SeededSampling(list(range(n_rows)), sampling, prompt_length=1)
    scores = sampler(torch.zeros(n_rows, 1, dtype=torch.long), probabilities.log().expand(n_rows, 4))
    counts = Counter(scores.argmax(dim=1).tolist())
    assert set(counts) == {0, 1}
    assert counts[0] / n_rows == pytest.approx(0.5 / 0.8, abs=0.02)


def test_temperature_flattens_the_distribution() -> None:
    sampling = Sampling(temperature=100.0, top_p=1.0, max_new_tokens=1)
    sampler = SeededSampling(list(range(4000)), sampling, prompt_length=1)
    scores = sampler(torch.zeros(4000, 1, dtype=torch.long), torch.tensor([3.0, 0.0]).expand(4000, 2))
    assert scores.argmax(dim=1).float().mean().item() == pytest.approx(0.5, abs=0.04)


def test_answers_with_adapters_are_those_of_peft_one_at_a_time(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path / "model", "llama")
    adapters = [outcome.adapter for outcome in train(backbone, lora(learning_rate=0.1))]
    asked = [Request(prompt=prompt, seed=0, adapter=a) for a in adapters for prompt in PROMPTS]
    answers = [completion.text for completion in BatchedGenerator(backbone).generate(asked, GREEDY)]
    assert len(set(answers)) > len(PROMPTS)
    for number, adapter in enumerate(adapters):
        assert adapter
        adapter.save(tmp_path / str(number), base_model=str(tmp_path / "model"))
        adapted = PeftModel.from_pretrained(backbone.model, tmp_path / str(number), autocast_adapter_dtype=False)
        for place, prompt in enumerate(PROMPTS):
            ids = backbone.tokenizer(prompt, return_tensors="pt")
            output = adapted.generate(**ids, do_sample=False, max_new_tokens=12)
            expected = backbone.tokenizer.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
            assert answers[number * len(PROMPTS) + place] == expected
        adapted.unload()


def test_adapters_may_be_asked_unequally_often(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    first, second, _ = (outcome.adapter for outcome in train(backbone, lora(learning_rate=0.1)))
    asked = [Request(prompt=PROMPTS[0], seed=0, adapter=first)]
    asked += [Request(prompt=prompt, seed=0, adapter=second) for prompt in PROMPTS]
    generator = BatchedGenerator(backbone)
    assert generator.generate(asked, GREEDY) == [generator.generate([one], GREEDY)[0] for one in asked]


@pytest.mark.parametrize("prompts_per_batch", [1, 2, 4, 100])
def test_no_batch_is_larger_than_asked_and_answers_do_not_depend_on_it(tmp_path: Path, prompts_per_batch: int) -> None:
    backbone = random_backbone(tmp_path, "llama")
    adapters = [outcome.adapter for outcome in train(backbone, lora(learning_rate=0.1))]
    asked = [Request(prompt=prompt, seed=0, adapter=a) for a in adapters for prompt in PROMPTS]
    sizes: list[int] = []
    embeddings = backbone.model.get_input_embeddings()
    embeddings.register_forward_hook(lambda _, ids, __: sizes.append(len(ids[0])))
    answers = BatchedGenerator(backbone, prompts_per_batch=prompts_per_batch).generate(asked, GREEDY)
    assert max(sizes) <= prompts_per_batch
    assert answers == [BatchedGenerator(backbone).generate([one], GREEDY)[0] for one in asked]


def test_a_text_ends_where_the_model_ends_it() -> None:
    prompt = "River Welcott\nThe market of River Welcott is"
    [completion] = BatchedGenerator(tiny_backbone()).generate([Request(prompt=prompt, seed=0)], GREEDY)
    assert completion.finished
    assert completion.text.endswith(".")


def test_a_text_ends_before_its_stop_string(tmp_path: Path) -> None:
    generator = BatchedGenerator(random_backbone(tmp_path, "llama"))
    [whole] = generator.generate(requests(0), GREEDY)
    stop = whole.text[5:8]
    [cut] = generator.generate(requests(0), Sampling(temperature=0, top_p=1, max_new_tokens=12, stops=(stop,)))
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finished


def test_a_text_cut_at_the_limit_says_so() -> None:
    [cut] = BatchedGenerator(tiny_backbone()).generate(
        [Request(prompt="Old Marley\n", seed=0)], Sampling(temperature=0, top_p=1, max_new_tokens=1)
    )
    assert not cut.finished


def test_prompts_go_through_the_chat_template_where_asked(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama", chat_template=CHAT_TEMPLATE)
    plain, chat = (
        load(HuggingFace(path=str(folder), dtype="float64", device="cpu", chat=chat)) for chat in (False, True)
    )
    rendered = "<|user|>Pi\n<|assistant|>"
    [asked] = BatchedGenerator(chat).generate([Request(prompt="Pi", seed=0)], GREEDY)
    [expected] = BatchedGenerator(plain).generate([Request(prompt=rendered, seed=0)], GREEDY)
    assert asked == expected


def test_chat_without_a_template_is_refused(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    with pytest.raises(ModelError, match=r"has no chat template: set model\.chat=false"):
        load(HuggingFace(path=str(folder), dtype="float64", device="cpu", chat=True))


def test_what_the_publisher_of_a_model_likes_does_not_steer_sampling(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    plain = load(HuggingFace(path=str(folder), dtype="float64", device="cpu"))
    plain.model.generation_config.repetition_penalty = 5.0
    plain.model.generation_config.save_pretrained(folder)
    liked = load(HuggingFace(path=str(folder), dtype="float64", device="cpu"))
    fresh = random_backbone(tmp_path / "fresh", "llama")
    assert BatchedGenerator(liked).generate(requests(0), GREEDY) == BatchedGenerator(fresh).generate(
        requests(0), GREEDY
    )
