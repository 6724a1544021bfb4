"""The ways a test input is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seal.grids.grid import Grid, Pair
from seal.grids.views import SYMMETRIES, Viewing, inverse, inverse_name, symmetry, views
from tests.grids.values import grid, grids

TRAIN = tuple(Pair(grid(f"{n}0"), grid(f"{n}")) for n in (1, 2, 3))
TEST = grid("456", "000")


@given(grids(), st.sampled_from(SYMMETRIES))
def test_the_inverse_undoes_the_symmetry(one: Grid, name: str) -> None:
    assert inverse(name)(symmetry(name)(one)) == one
    assert symmetry(inverse_name(name))(symmetry(name)(one)) == one


def test_symmetries_do_what_their_names_say() -> None:
    seen = {name: symmetry(name)(grid("12", "03")) for name in SYMMETRIES}
    assert seen["identity"] == grid("12", "03")
    assert seen["transpose"] == grid("10", "23")
    assert seen["flip_vertical"] == grid("03", "12")
    assert seen["flip_horizontal"] == grid("21", "30")
    assert seen["rotate_90"] == grid("23", "10")
    assert len(set(seen.values())) == 7


def test_each_demonstration_is_left_out_in_two_orders_under_each_symmetry() -> None:
    seen = views(TRAIN, TEST, Viewing(), seed=0)
    assert len(seen) == len({view.name for view in seen}) == 7 * 3 * 2
    assert seen[0].name == "identity/without_1/order_1"
    assert set(seen[0].episode.demonstrations) == set(TRAIN[1:])
    assert seen[0].episode.demonstrations == seen[1].episode.demonstrations[::-1]
    for view in seen:
        back = symmetry(view.inverse)
        assert back(view.episode.input) == TEST
        assert {Pair(back(pair.input), back(pair.output)) for pair in view.episode.demonstrations} < set(TRAIN)


def test_what_is_not_asked_for_is_not_shown() -> None:
    plain = Viewing(leave_one_out=False, permutations=1, symmetries=("identity",))
    [view] = views(TRAIN, TEST, plain, seed=0)
    assert view.name == "identity/all/order_1"
    assert set(view.episode.demonstrations) == set(TRAIN)


def test_there_are_no_more_orders_than_different_ones() -> None:
    assert len(views(TRAIN[:1], TEST, Viewing(permutations=5), seed=0)) == 7
    assert len(views(TRAIN, TEST, Viewing(permutations=5, symmetries=("transpose",)), seed=0)) == 3 * 2


def test_the_same_seed_shows_the_same_views() -> None:
    viewing = Viewing(leave_one_out=False)
    assert views(TRAIN, TEST, viewing, seed=1) == views(TRAIN, TEST, viewing, seed=1)
    assert len({views(TRAIN, TEST, viewing, seed=seed)[0] for seed in range(20)}) > 1


def test_an_unknown_symmetry_is_refused() -> None:
    with pytest.raises(ValidationError):
        Viewing(symmetries=("rotate_45",))  # type: ignore[arg-type]
