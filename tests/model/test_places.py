"""Whoever names something else than a model folder is told what it is, and what to do."""

import json
import shutil
from pathlib import Path

import pytest

from seal.model.files import faults, is_local
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny

ADAPTER = json.dumps({"peft_type": "LORA", "base_model_name_or_path": "org/base"})


def fault(path: Path) -> str:
    [only] = faults(path, chat=False)
    return only


def test_a_gguf_file_is_known_by_its_first_bytes_and_in_a_folder_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF\x03\0\0\0")
    assert is_local(HuggingFace(path=str(file)))
    for path in (file, tmp_path, file.rename(tmp_path / "model.Q4_1.GGUF"), file.with_name("model.Q4_1.GGUF")):
        if path.exists():
            assert "is a GGUF file of llama.cpp" in fault(path)
            assert "gguf_file='model." in fault(path)


def test_a_gguf_file_without_a_folder_is_no_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_local(HuggingFace(path="model.gguf"))
    assert "there is no folder model.gguf" in fault(Path("model.gguf"))
    Path("model.bin").write_bytes(b"GGUF")
    assert "is a GGUF file" in fault(Path("model.bin"))


def test_a_single_file_of_a_model_is_told_from_its_folder(tmp_path: Path) -> None:
    assert "is a file: name the folder that holds it" in fault(Path(Tiny().path) / "model.safetensors")


def test_the_folder_of_a_run_leads_to_the_model_in_it(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    assert f"it has no config.json; {tmp_path / 'model'} has one" in fault(tmp_path)


@pytest.mark.parametrize("config", [ADAPTER, "{", "[]", "{}"])
def test_an_adapter_is_no_model_whatever_its_configuration_says(tmp_path: Path, config: str) -> None:
    (tmp_path / "adapter_config.json").write_text(config)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    said = fault(tmp_path)
    assert "is an adapter and no model: set model.path to its base model, " in said
    assert ("its base model, org/base;" in said) == (config == ADAPTER)


def test_an_adapter_beside_a_model_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(Tiny().path, folder)
    (folder / "adapter_config.json").write_text(ADAPTER)
    assert "it is not clear which model is meant" in fault(folder)
