"""A model of 16 bits computes in 32 for a moment."""

from pathlib import Path

import pytest
import torch

from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.nn.float32 import computing_in_float32
from tests.architectures.shrinking import small_folder


@pytest.mark.parametrize("name", ["llama", "mixtral", "zamba"])
def test_its_numbers_are_those_of_the_same_weights_in_32_bits(tmp_path: Path, name: str) -> None:
    model = load(HuggingFace(path=str(small_folder(tmp_path, name)), device="cpu", dtype="bfloat16")).model
    own = {name: weight.data_ptr() for name, weight in model.named_parameters()}
    ids = torch.arange(2, 30)[None]
    with torch.no_grad():
        coarse = model(input_ids=ids).logits
        with computing_in_float32(model):
            found = model(input_ids=ids).logits
        assert model(input_ids=ids).logits.equal(coarse)
        assert {name: weight.data_ptr() for name, weight in model.named_parameters()} == own
        expected = model.float()(input_ids=ids).logits
    assert found.dtype is torch.float32
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert (coarse.float() - expected).abs().max() > 1e-3


def test_a_model_that_breaks_off_is_what_it_was(tmp_path: Path) -> None:
    model = load(HuggingFace(path=str(small_folder(tmp_path, "llama")), device="cpu", dtype="bfloat16")).model
    with pytest.raises(IndexError), computing_in_float32(model):
        model(input_ids=torch.tensor([[10**6]]))
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
