"""Loading and saving: any ordinary folder, with the precision and the ends that it says."""

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from seal.errors import ModelError
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import Backbones, load, load_tokenizer, save
from seal.types import Policy
from tests.models import CHAT_TEMPLATE, random_folder, set_config


@pytest.mark.parametrize("make", ["llama", "qwen2"])
def test_a_saved_model_is_the_loaded_one(tmp_path: Path, make: str) -> None:
    model = HuggingFace(path=str(random_folder(tmp_path / "a", make)), dtype="float32", device="cpu")
    backbone = load(model)
    save(backbone.model, backbone.tokenizer, tmp_path / "b")
    again = load(model, tmp_path / "b")
    assert again.tokenizer.get_vocab() == backbone.tokenizer.get_vocab()
    weights, saved = backbone.model.state_dict(), again.model.state_dict()
    assert weights.keys() == saved.keys()
    assert all(weights[name].equal(saved[name]) for name in weights)


def test_equal_weights_have_equal_hashes_and_others_others(tmp_path: Path) -> None:
    backbone = load(Tiny(dtype="float32"))
    first = save(backbone.model, backbone.tokenizer, tmp_path / "a")
    assert save(backbone.model, backbone.tokenizer, tmp_path / "b") == first
    next(backbone.model.parameters()).data += 1
    assert save(backbone.model, backbone.tokenizer, tmp_path / "c") != first


def test_the_dtype_is_the_one_that_is_asked_for() -> None:
    assert load(Tiny(dtype="bfloat16", device="cpu")).model.dtype == torch.bfloat16


def test_further_ends_of_a_model_s_generation_settings_end_a_text(tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "m", "qwen2")
    set_config(folder, name="generation_config.json", eos_token_id=[1, 7], repetition_penalty=1.3)
    backbone = load(HuggingFace(path=str(folder)))
    assert backbone.end_ids == {1, 7}
    assert backbone.model.generation_config.repetition_penalty in (None, 1.0)


def test_a_chat_without_template_is_refused(tmp_path: Path) -> None:
    folder = str(random_folder(tmp_path / "m", "llama"))
    with pytest.raises(ModelError, match=r"has no chat template: set model\.chat=false"):
        load_tokenizer(HuggingFace(path=folder, chat=True))
    templated = str(random_folder(tmp_path / "n", "llama", chat_template=CHAT_TEMPLATE))
    assert load_tokenizer(HuggingFace(path=templated, chat=True)).chat_template


@pytest.mark.parametrize("make", ["qwen2", "llama", "gpt2"])
def test_a_model_gets_the_tokens_of_its_own_file_whatever_its_architecture(tmp_path: Path, make: str) -> None:
    folder = random_folder(tmp_path, make, chat_template=CHAT_TEMPLATE)
    text = "Kelham has 1987 mills, and a market.\n\nIt's old."
    of_file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer = load_tokenizer(HuggingFace(path=str(folder), chat=True))
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == of_file.encode(text).ids
    assert tokenizer.decode(of_file.encode(text).ids) == of_file.decode(of_file.encode(text).ids)
    load(HuggingFace(path=str(folder))).tokenizer.save_pretrained(tmp_path / "again")
    assert Tokenizer.from_file(str(tmp_path / "again" / "tokenizer.json")).encode(text).ids == of_file.encode(text).ids


def test_what_cannot_be_loaded_is_named() -> None:
    with pytest.raises(ModelError, match="the hub does not give a model of this name"):
        load(HuggingFace(path="nobody/nothing"))


def test_weights_of_other_sizes_than_the_configuration_says_are_no_model(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    set_config(folder, intermediate_size=20)
    with pytest.raises(ModelError, match=r"up_proj\.weight is \[24, 16\], not \[20, 16\]"):
        load(HuggingFace(path=str(folder), device="cpu"))


@pytest.mark.skipif(torch.cuda.device_count() > 99, reason="has that many GPUs")
def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match=r"model\.device is cuda:99, but torch sees"):
        load(Tiny(device="cuda:99"))


def test_a_saved_model_keeps_the_publisher_s_generation_settings(tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "m", "qwen2")
    set_config(folder, name="generation_config.json", repetition_penalty=1.3)
    backbone = load(HuggingFace(path=str(folder)))
    save(backbone.model, backbone.tokenizer, tmp_path / "saved", published=backbone.published)
    assert json.loads((tmp_path / "saved/generation_config.json").read_text())["repetition_penalty"] == 1.3
    assert backbone.model.generation_config.repetition_penalty in (None, 1.0)


def test_an_attention_that_the_model_does_not_support_is_named(tmp_path: Path) -> None:
    folder = str(random_folder(tmp_path, "mamba"))
    with pytest.raises(ModelError, match=r"model\.attention: .* does not support sdpa: set it to eager"):
        load(HuggingFace(path=folder))


def test_only_the_last_policy_stays_in_memory_and_a_taken_one_is_loaded_anew(tmp_path: Path) -> None:
    backbones = Backbones(Tiny(dtype="float32", device="cpu"), tmp_path)
    first = backbones.get(Policy(round=0))
    assert backbones.get(Policy(round=0)) is first
    save(first.model, first.tokenizer, tmp_path / "policies/round_1")
    assert backbones.get(Policy(round=1, weights="policies/round_1")) is not first
    taken = backbones.take(Policy(round=0))
    assert backbones.get(Policy(round=0)) is not taken


class Visitor:
    """A guest that knows whether it was sent away."""

    here = True

    def close(self) -> None:
        self.here = False


def test_a_guest_stays_for_as_long_as_its_weights_are_used_and_goes_before_another_comes(tmp_path: Path) -> None:
    random_folder(tmp_path / "policies/round_1", "llama")
    backbones = Backbones(HuggingFace(path=str(random_folder(tmp_path / "base", "llama")), device="cpu"), tmp_path)
    first = backbones.guest("host", Policy(round=0), Visitor)
    other = backbones.guest("other host", Policy(round=0), Visitor)
    assert backbones.guest("host", Policy(round=1), Visitor) is first, "nothing was learned: the weights are the same"
    learned = Policy(round=2, weights="policies/round_1")
    second = backbones.guest("host", learned, Visitor)
    assert (first.here, other.here, second.here) == (False, True, True)
    backbones.take(learned)
    assert (other.here, second.here) == (False, False), "whoever learns has the device for itself"
    third = backbones.guest("host", learned, Visitor)
    backbones.close()
    assert not third.here


@pytest.mark.parametrize("make", ["llama", "gpt2", "qwen2"])
def test_a_policy_on_disk_ends_its_texts_as_it_does_in_memory(tmp_path: Path, make: str) -> None:
    model = HuggingFace(path=str(random_folder(tmp_path, make)), device="cpu")
    assert Backbones(model, tmp_path).stored(Policy(round=0)).end_ids == load(model).end_ids
