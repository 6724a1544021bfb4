"""Episodes made of demonstrations."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.grids.augment import (
    FAMILIES,
    augmented,
    fits,
    leave_n_out,
    permute_colours,
    permute_examples,
    training_episodes,
)
from seal.grids.grid import Episode, Grid, Pair, Puzzle
from tests.grids.values import episodes, golden, grid, pairs, puzzle_of

SEEDS = st.integers(0, 2**32)
ALL = [augmentation for family in FAMILIES.values() for augmentation in family]


def test_leaving_n_out_equals_the_golden_vectors(reference: Path) -> None:
    for vector in golden(reference, "golden_augment_and_prompt.json"):
        puzzle, _ = puzzle_of(reference, vector)
        for n, digests in vector["leave_n"].items():
            assert sorted(episode.digest for episode in leave_n_out(puzzle.train, int(n))) == digests


def test_every_family_equals_the_golden_vectors_which_have_no_translations(reference: Path) -> None:
    for vector in golden(reference, "golden_augment_and_prompt.json"):
        puzzle, _ = puzzle_of(reference, vector)
        for name, digests in vector["augmented"].items():
            left_out, _, family = name.partition("/")
            fixed = [augmentation for augmentation in FAMILIES[family] if augmentation.name != "translate"]
            shown = leave_n_out(puzzle.train, int(left_out.removeprefix("leave")))
            changed = [augmentation(episode, Random(0)) for episode in shown for augmentation in fixed]
            assert sorted(episode.digest for episode in changed if fits(episode)) == digests, (puzzle.id, name)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("rotate_90", ("23", "10")),
        ("flip_vertical", ("03", "12")),
        ("flip_horizontal", ("21", "30")),
        ("transpose", ("10", "23")),
        ("reflect_below", ("12", "03", "03", "12")),
        ("reflect_left", ("2112", "3003")),
        ("width_2", ("1122", "0033")),
        ("tile_across", ("1212", "0303")),
        ("transpose_resolution_2", ("1100", "1100", "2233", "2233")),
    ],
)
def test_an_augmentation_does_what_its_name_says(name: str, result: tuple[str, ...]) -> None:
    [augmentation] = [each for each in ALL if each.name == name]
    pair = Pair(grid("12", "03"), grid("12", "03"))

    changed = augmentation(Episode(demonstrations=(pair,), query=pair), Random(0))
    assert set(changed.grids) == {grid(*result)}


@given(episodes(), st.sampled_from(ALL), SEEDS)
def test_an_augmentation_keeps_the_pairs_and_does_the_same_to_each_grid(
    episode: Episode, augmentation: object, seed: int
) -> None:
    assert callable(augmentation)
    changed = augmentation(episode, Random(seed))
    assert len(changed.demonstrations) == len(episode.demonstrations)
    for before, after in zip(episode.grids, changed.grids, strict=True):
        alone = Episode(demonstrations=(), query=Pair(before, before))
        assert set(augmentation(alone, Random(seed)).grids) == {after}


@settings(max_examples=40)
@given(episodes(), SEEDS)
def test_a_translation_is_the_same_for_every_example(episode: Episode, seed: int) -> None:
    translated = FAMILIES["basic"][-1](episode, Random(seed))
    shifts = [
        {
            (down, across)
            for down in range(4)
            for across in range(4)
            if Grid.of_array(np.roll(before.array(), (down, across), (0, 1))) == after
        }
        for before, after in zip(episode.grids, translated.grids, strict=True)
    ]
    assert set.intersection(*shifts)


@given(episodes(), SEEDS)
def test_colours_are_permuted_one_to_one_and_0_stays(episode: Episode, seed: int) -> None:
    permuted = permute_colours(episode, Random(seed))
    before = np.concatenate([grid.array().ravel() for grid in episode.grids])
    after = np.concatenate([grid.array().ravel() for grid in permuted.grids])
    mapping = set(zip(before.tolist(), after.tolist(), strict=True))
    used = set(before.tolist())
    assert len(mapping) == len(used) == len(set(after.tolist()))
    assert all((old == 0) == (new == 0) for old, new in mapping)
    to_unused = sum(new not in used for _, new in mapping)
    assert to_unused == min(len(used - {0}), 9 - len(used - {0}))


@given(episodes(), SEEDS)
def test_permuting_examples_keeps_them_and_the_query(episode: Episode, seed: int) -> None:
    permuted = permute_examples(episode, Random(seed))
    assert permuted.query == episode.query
    assert sorted(map(repr, permuted.demonstrations)) == sorted(map(repr, episode.demonstrations))


@settings(max_examples=25)
@given(st.lists(pairs(), min_size=1, max_size=3), st.lists(st.sampled_from(list(FAMILIES)), unique=True), SEEDS)
def test_training_episodes_fit_are_different_and_are_drawn_anew_only_with_another_seed(
    demonstrations: list[Pair], families: list[str], seed: int
) -> None:
    puzzle = Puzzle(id="a", train=tuple(demonstrations), tests=())
    made = training_episodes(puzzle, families, max_episodes=40, random=Random(seed))
    assert made == training_episodes(puzzle, families, max_episodes=40, random=Random(seed))
    assert 0 < len(made) <= 40
    assert len(set(made)) == len(made)
    assert all(fits(episode) for episode in made)


def test_without_augmentations_there_are_the_left_out_ones_and_their_permutations() -> None:
    train = (Pair(grid("12"), grid("3")), Pair(grid("21"), grid("3")), Pair(grid("11"), grid("3")))
    made = training_episodes(Puzzle(id="a", train=train, tests=()), [], random=Random(0))
    assert {episode for n in (1, 2) for episode in leave_n_out(train, n)} < set(made)
    assert len(made) == 2 * 9


def test_grids_that_outgrow_30_cells_are_dropped() -> None:
    pair = Pair(grid("1" * 16), grid("1"))
    names = [episode.query.input.width for episode in augmented(Episode((), pair), ["size", "repeat"], Random(0))]
    assert names == [16, 16]


def test_a_puzzle_with_long_strips_is_trained_on_as_it_is_and_outgrows_itself_nowhere() -> None:
    pair = Pair(input=Grid.of([[1] * 40], longest=40), output=Grid.of([[2] * 40], longest=40))
    puzzle = Puzzle(id="a", train=(pair, pair, pair), tests=(pair.input,))
    episodes = training_episodes(puzzle, ["size", "repeat"], random=Random(0))
    assert episodes
    assert max(grid.longest_side for episode in episodes for grid in episode.grids) == 40
