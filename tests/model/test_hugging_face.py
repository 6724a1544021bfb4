"""Any model's folder or name is an option; loading is tested in tests/nn/test_backbone.py."""

import pytest

from seal.config.loading import load
from seal.errors import ConfigError
from seal.model.hugging_face import HuggingFace


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("qwen2_5_7b", "Qwen/Qwen2.5-7B"),
        ("qwen2_5_3b", "Qwen/Qwen2.5-3B"),
        ("llama3_2_1b_instruct", "meta-llama/Llama-3.2-1B-Instruct"),
    ],
)
def test_the_paper_s_models_are_names_on_the_hub_in_bfloat16(option: str, path: str) -> None:
    run, _ = load([f"model={option}"])
    assert isinstance(run.model, HuggingFace)
    assert (run.model.path, run.model.dtype) == (path, "bfloat16")
    assert run.model.trust_remote_code is False


def test_a_model_of_one_s_own_needs_a_path() -> None:
    with pytest.raises(ConfigError, match=r"model\.path: needs a value: model\.path=…"):
        load(["model=local"])
