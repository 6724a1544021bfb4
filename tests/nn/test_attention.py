"""A model takes another attention function for a while, and its own again whatever happens."""

from pathlib import Path

import pytest

from seal.nn.attention import attending_by
from tests.models import random_backbone


def test_a_model_attends_as_before_afterwards(tmp_path: Path) -> None:
    model = random_backbone(tmp_path, "llama").model
    with pytest.raises(KeyError), attending_by(model, "eager"):
        assert model.config._attn_implementation == "eager"
        raise KeyError
    assert model.config._attn_implementation == "sdpa"
