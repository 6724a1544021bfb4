"""What can be known of a model's folder before it is loaded."""

import json
import shutil
import struct
from pathlib import Path

import pytest

from seal.errors import ModelError
from seal.model import files
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import load
from tests.models import CHAT_TEMPLATE, random_folder, set_config

SHIPPED = Path(Tiny().path)


def faults(folder: Path, *, chat: bool = False) -> list[str]:
    return list(files.faults(folder, chat=chat))


def copy_without(tmp_path: Path, *patterns: str) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns(*patterns))
    return folder


def test_the_shipped_model_has_no_faults() -> None:
    assert faults(SHIPPED) == []


@pytest.mark.parametrize(
    ("path", "local"), [("gpt2", False), ("Qwen/Qwen2.5-7B", False), ("a/b/c", True), ("./a", True)]
)
def test_a_path_is_told_from_a_name_on_the_hub(path: str, local: bool) -> None:
    assert files.is_local(HuggingFace(path=path)) is local


def test_a_model_of_the_hub_is_used_from_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--org--name"
    shutil.copytree(SHIPPED, cached / "snapshots/0123")
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text("0123")
    model = HuggingFace(path="org/name")
    assert files.fetched(model) == cached / "snapshots/0123"
    assert load(model).model.num_parameters() == load(Tiny()).model.num_parameters()


def test_a_name_that_the_hub_does_not_give_is_named() -> None:
    with pytest.raises(ModelError, match="the hub does not give a model of this name"):
        files.fetched(HuggingFace(path="nobody/nothing"))


def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path: Path) -> None:
    folder = copy_without(tmp_path)
    weights = next(folder.glob("*.safetensors"))
    whole = weights.read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        b"",
    ):
        weights.write_bytes(damaged)
        [fault] = faults(folder)
        assert "model.safetensors is no whole safetensors file" in fault
    weights.write_bytes(whole)
    (folder / "config.json").write_text('{"architectures": [')
    [fault] = faults(folder)
    assert "config.json is not JSON" in fault


@pytest.mark.parametrize(("make", "name"), [("llama", "model.embed_tokens"), ("gpt2", "transformer.wte")])
def test_weights_of_another_model_than_config_json_is_of_are_named(tmp_path: Path, make: str, name: str) -> None:
    folder = random_folder(tmp_path / "m", make)
    n_tokens = json.loads((folder / "config.json").read_text())["vocab_size"]
    assert faults(folder) == []
    set_config(folder, vocab_size=300)
    assert faults(folder) == [
        f"model.path: {folder}: {name}.weight is [{n_tokens}, 16] in the weights, but config.json says [300, 16]"
    ]
    set_config(folder, vocab_size=n_tokens, n_embd=8, hidden_size=8)
    assert f"is [{n_tokens}, 16] in the weights, but config.json says [{n_tokens}, 8]" in faults(folder)[0]
    set_config(folder, vocab_size=None)
    assert faults(folder) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", "[" * 100_000, "is not JSON"),
        ("config.json", "[1]", "is no JSON object but a list"),
        ("config.json", '{"text_config": 3}', "has a text_config that is no object"),
        ("config.json", '{"hidden_size": "wide"}', "says hidden_size is 'wide', which is no number of anything"),
        ("config.json", '{"text_config": {"n_layer": [1, -1]}}', "says n_layer is '[1, -1]'"),
        ("tokenizer_config.json", "[" * 100_000, "is not JSON"),
        ("tokenizer_config.json", "3", "is no JSON object but a int"),
    ],
)
def test_settings_that_are_no_settings_are_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    folder = copy_without(tmp_path)
    (folder / name).write_text(content)
    [fault] = faults(folder, chat=True)
    assert f"{name} {said}" in fault


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("[" * 100_000, "is not JSON"),
        ("{}", "has no weight_map"),
        (
            '{"weight_map": {"a": "part.safetensors", "b": "../b.safetensors"}}',
            "names '../b.safetensors', which is not",
        ),
        ('{"weight_map": {"a": ["part.safetensors"]}}', "which is not there"),
    ],
)
def test_an_index_that_does_not_lead_to_the_weights_is_named(tmp_path: Path, index: str, said: str) -> None:
    folder = copy_without(tmp_path)
    (folder / "model.safetensors.index.json").write_text(index)
    assert faults(folder) == []  # all weights are in one file, which is read then
    (folder / "model.safetensors").rename(folder / "part.safetensors")
    [fault] = faults(folder)
    assert f"model.safetensors.index.json {said}" in fault or said in fault
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "part.safetensors"}}')
    assert faults(folder) == []


def directory(*entries: object) -> bytes:
    """A safetensors file without any numbers."""
    header = json.dumps({f"t{number}": entry for number, entry in enumerate(entries)}).encode()
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize(
    "content",
    [
        directory({"shape": [2]}),
        directory({"shape": "x", "data_offsets": [0, 0]}),
        directory({"shape": [10**30], "data_offsets": [0, 0]}),
        directory({"shape": [2, 2], "data_offsets": [0, 0]}),
        directory({"shape": [1], "data_offsets": [0, 4]}),
        directory(3),
        struct.pack("<Q", 100_000) + b"[" * 100_000,
    ],
)
def test_a_directory_of_weights_that_cannot_be_is_named(tmp_path: Path, content: bytes) -> None:
    folder = copy_without(tmp_path)
    (folder / "model.safetensors").write_bytes(content)
    [fault] = faults(folder)
    assert "is no whole safetensors file" in fault


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "generation_config.json"])
def test_a_change_in_any_file_that_matters_is_another_fingerprint(tmp_path: Path, name: str) -> None:
    folder = copy_without(tmp_path)
    before = files.fingerprint(folder)
    (folder / "README.md").write_text("No matter.")
    assert files.fingerprint(folder) == before
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    assert files.fingerprint(folder) != before


def test_weights_that_transformers_would_not_read_are_none(tmp_path: Path) -> None:
    folder = copy_without(tmp_path)
    shutil.copy(folder / "model.safetensors", folder / "consolidated.safetensors")
    assert files.ModelFolder(folder).n_numbers == files.ModelFolder(SHIPPED).n_numbers, "the same weights once more"
    (folder / "model.safetensors").unlink()
    [fault] = faults(folder)
    assert "has consolidated.safetensors, but transformers reads only model.safetensors" in fault


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "nothing") == [f"model.path: there is no folder {tmp_path / 'nothing'}"]


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    assert "it has no config.json" in faults(tmp_path)[0]


def test_a_folder_without_tokenizer_is_told(tmp_path: Path) -> None:
    [fault] = faults(copy_without(tmp_path, "tokenizer*"))
    assert "has no tokenizer (tokenizer.json, tokenizer.model)" in fault


def test_a_folder_without_safetensors_is_told(tmp_path: Path) -> None:
    [fault] = faults(copy_without(tmp_path, "*.safetensors"))
    assert "no weights as safetensors" in fault


def test_a_chat_needs_a_template_in_its_file_or_in_the_tokenizer_s_settings(tmp_path: Path) -> None:
    [fault] = faults(SHIPPED, chat=True)
    assert "has no chat template: set model.chat=false" in fault
    assert faults(random_folder(tmp_path / "m", "llama", chat_template=CHAT_TEMPLATE), chat=True) == []
    older = copy_without(tmp_path)
    set_config(older, name="tokenizer_config.json", chat_template=CHAT_TEMPLATE)
    assert faults(older, chat=True) == []


def test_layers_and_context_length_are_read_without_loading(tmp_path: Path) -> None:
    folder = files.ModelFolder(random_folder(tmp_path / "m", "qwen2", context=512))
    assert folder.context_length == 512
    assert folder.has_layer("q_proj")
    assert folder.has_layer("mlp.down_proj")
    assert not folder.has_layer("proj")
    assert not folder.has_layer("embed_tokens")
    assert folder.layer_names == [
        "down_proj",
        "gate_proj",
        "k_proj",
        "lm_head",
        "o_proj",
        "q_proj",
        "up_proj",
        "v_proj",
    ]


def test_a_model_that_names_no_context_length_has_none(tmp_path: Path) -> None:
    folder = copy_without(tmp_path)
    set_config(folder, max_position_embeddings=None)
    assert files.ModelFolder(folder).context_length is None
