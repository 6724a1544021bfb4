"""Seeds come from what they are for."""

from hypothesis import given
from hypothesis import strategies as st

from seal.base.seeds import derive

PURPOSES = st.lists(st.one_of(st.integers(), st.text(st.characters(exclude_characters="\x1f"))), max_size=4)


def test_seeds_stay_the_same_from_version_to_version() -> None:
    assert derive(0, "self_edits", "round_1/abc/3") == 1141811309774173263


@given(st.integers(0, 2**40), PURPOSES)
def test_a_seed_is_a_63_bit_number_that_depends_on_every_part(run_seed: int, purpose: list[int | str]) -> None:
    seed = derive(run_seed, *purpose)
    assert 0 <= seed < 2**63
    assert seed != derive(run_seed + 1, *purpose)
    assert seed != derive(run_seed, *purpose, 0)
