"""Causal architectures of transformers, small: batch = alone, packed = alone, export = PEFT; or refused."""

from pathlib import Path

import pytest

from tests.architectures.shrinking import BUILT
from tests.architectures.table import page
from tests.architectures.trying import Found, tried


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BUILT)
def test_texts_trainings_and_exports_are_those_of_the_plain_ways_or_refused(name: str, tmp_path: Path) -> None:
    found = tried(name, tmp_path)
    if found.refused is None:
        assert found.n_texts > 10
        assert found.texts_off == 0
        assert found.losses_off < 1e-4
        assert found.export_off < 1e-3


def test_the_table_says_what_was_found_and_what_was_refused() -> None:
    note = "adapters leave out dt_proj of MambaForCausalLM: its weight is read, and it is never called"
    taken = Found(attention="eager", trained="one at a time", written="rows come and go", left_out=(note,))
    text = page({"mamba": taken, "xlm": Found(refused="it sees the tokens that it is to predict")})
    assert "Of 2 architectures SEAL takes 1 and refuses 1" in text
    assert (
        "| `mamba` | eager | one at a time | come and go | dt_proj (its weight is read, and it is never called) |"
        in text
    )
    assert "- `xlm`: it sees the tokens that it is to predict" in text
