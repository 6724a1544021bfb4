"""What can be known of a model's folder before it is loaded."""

import shutil
from pathlib import Path

from seal.model import files
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from tests.models import CHAT_TEMPLATE, random_folder, set_config

SHIPPED = Path(Tiny().path)


def faults(folder: Path | str) -> list[str]:
    return list(files.faults(HuggingFace(path=str(folder))))


def copy_without(tmp_path: Path, *patterns: str) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns(*patterns))
    return folder


def test_the_shipped_model_and_names_on_the_hub_have_no_faults() -> None:
    assert faults(SHIPPED) == []
    assert faults("Qwen/Qwen2.5-7B") == []
    assert faults("gpt2") == []


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
    def chat_faults(folder: Path) -> list[str]:
        return list(files.faults(HuggingFace(path=str(folder), chat=True)))

    [fault] = chat_faults(SHIPPED)
    assert "has no chat template: set model.chat=false" in fault
    assert chat_faults(random_folder(tmp_path / "m", "llama", chat_template=CHAT_TEMPLATE)) == []
    older = copy_without(tmp_path)
    set_config(older, name="tokenizer_config.json", chat_template=CHAT_TEMPLATE)
    assert chat_faults(older) == []


def test_layers_and_context_length_are_read_without_loading(tmp_path: Path) -> None:
    folder = files.ModelFolder(random_folder(tmp_path / "m", "qwen2", context=512))
    assert folder.context_length == 512
    assert folder.has_layer("q_proj")
    assert folder.has_layer("mlp.down_proj")
    assert not folder.has_layer("proj")
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
