"""Few demonstrations become many episodes here: what is left out, turned, enlarged, repeated, recoloured.

The families are those that a self-edit chooses from (arXiv 2506.10943, after arXiv 2411.07279). An augmentation
does the same to every grid of an episode, inputs and outputs alike. Randomness is an argument.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal.grids.grid import LONGEST_SIDE, N_COLOURS, Episode, Grid, Pair, Puzzle

Array = NDArray[Any]  # [height, width]
Transform = Callable[[Array], Array]

FARTHEST_SHIFT = 3
"""Cells that a translation rolls by, at most, along either axis."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """A named change of an episode."""

    name: str
    draw: Callable[[Random], Transform]
    """What is done to each grid of one episode. Only a translation asks the randomness anything."""

    def __call__(self, episode: Episode, random: Random) -> Episode:
        """The changed episode. Its grids may be too large: see `fits`."""
        transform = self.draw(random)
        return _mapped(episode, lambda grid: Grid.of_array(transform(grid.array())))


def _rolled(array: Array, shift: tuple[int, int]) -> Array:
    return np.roll(array, shift, axis=(0, 1))


def _translation(random: Random) -> Transform:
    shift = (random.randint(0, FARTHEST_SHIFT), random.randint(0, FARTHEST_SHIFT))
    return partial(_rolled, shift=shift)


def _enlarged(array: Array, down: int, across: int) -> Array:
    return array.repeat(down, axis=0).repeat(across, axis=1)


def _reflected(array: Array, axis: int, image_first: bool) -> Array:
    image = np.flip(array, axis)
    return np.concatenate([image, array] if image_first else [array, image], axis)


TURNS: Mapping[str, Transform] = {
    "rotate_90": lambda array: np.rot90(array, 1),
    "rotate_180": lambda array: np.rot90(array, 2),
    "rotate_270": lambda array: np.rot90(array, 3),
    "flip_vertical": lambda array: np.flip(array, 0),
    "flip_horizontal": lambda array: np.flip(array, 1),
    "transpose": np.transpose,
}
"""Rotations are counter-clockwise; a vertical flip exchanges top and bottom."""

_REFLECTIONS: Mapping[str, Transform] = {
    "reflect_below": partial(_reflected, axis=0, image_first=False),
    "reflect_above": partial(_reflected, axis=0, image_first=True),
    "reflect_right": partial(_reflected, axis=1, image_first=False),
    "reflect_left": partial(_reflected, axis=1, image_first=True),
}
_SIZES: Mapping[str, Transform] = {
    "resolution_2": partial(_enlarged, down=2, across=2),
    "height_2": partial(_enlarged, down=2, across=1),
    "width_2": partial(_enlarged, down=1, across=2),
}
_TILINGS: Mapping[str, Transform] = {
    "tile_down": lambda array: np.tile(array, (2, 1)),
    "tile_across": lambda array: np.tile(array, (1, 2)),
    "tile_both": lambda array: np.tile(array, (2, 2)),
}


def _then_enlarged(transform: Transform) -> Transform:
    return lambda array: _SIZES["resolution_2"](transform(array))


def _always(transform: Transform) -> Callable[[Random], Transform]:
    return lambda _: transform


def _family(transforms: Mapping[str, Transform]) -> tuple[Augmentation, ...]:
    return tuple(Augmentation(name, _always(transform)) for name, transform in transforms.items())


FAMILIES: Mapping[str, tuple[Augmentation, ...]] = {
    "basic": (*_family({**TURNS, **_REFLECTIONS}), Augmentation("translate", _translation)),
    "size": _family(_SIZES),
    "chain": _family({f"{name}_resolution_2": _then_enlarged(turn) for name, turn in TURNS.items()}),
    "repeat": _family(_TILINGS),
}


def leave_n_out(pairs: Sequence[Pair], n: int) -> list[Episode]:
    """Each choice of `n` pairs left out, each of these as the query of those that stay: n x (pairs choose n)."""
    episodes = []
    for left_out in combinations(range(len(pairs)), n):
        kept = tuple(pair for index, pair in enumerate(pairs) if index not in left_out)
        episodes += [Episode(demonstrations=kept, query=pairs[index]) for index in left_out]
    return episodes


def augmented(episode: Episode, families: Iterable[str], random: Random, longest: int = LONGEST_SIDE) -> list[Episode]:
    """The episode under every augmentation of some families, without those with a side longer than `longest`."""
    augmentations = [augmentation for family in families for augmentation in FAMILIES[family]]
    changed = [augmentation(episode, random) for augmentation in augmentations]
    return [episode for episode in changed if fits(episode, longest)]


def fits(episode: Episode, longest: int = LONGEST_SIDE) -> bool:
    return all(grid.longest_side <= longest for grid in episode.grids)


def permute_colours(episode: Episode, random: Random) -> Episode:
    """Other colours, one to one: 0 stays, and the colours in use go to unused ones as long as there are any."""
    used = sorted({colour for grid in episode.grids for colour in grid.colours} - {0})
    unused = [colour for colour in range(1, N_COLOURS) if colour not in used]
    new_of = _colour_map(used, unused, random)
    return _mapped(episode, lambda grid: Grid(tuple(tuple(new_of[cell] for cell in row) for row in grid.rows)))


def _colour_map(used: list[int], unused: list[int], random: Random) -> dict[int, int]:
    moved = random.sample(used, min(len(used), len(unused)))
    new_of = {0: 0} | dict(zip(moved, random.sample(unused, len(moved)), strict=True))
    rest = [colour for colour in range(N_COLOURS) if colour not in new_of]
    free = [colour for colour in range(N_COLOURS) if colour not in new_of.values()]
    return new_of | dict(zip(rest, random.sample(free, len(free)), strict=True))


def permute_examples(episode: Episode, random: Random) -> Episode:
    """The demonstrations in another order, perhaps the same one."""
    shuffled = random.sample(episode.demonstrations, len(episode.demonstrations))
    return Episode(demonstrations=tuple(shuffled), query=episode.query)


def training_episodes(
    puzzle: Puzzle,
    families: Sequence[str],
    *,
    max_episodes: int = 250,
    per_family: int | None = None,
    random: Random,
) -> list[Episode]:
    """What a puzzle's demonstrations give to train on (arXiv 2411.07279, as used by arXiv 2506.10943).

    Leave-one-out and leave-two-out, with their augmentations; and each of these once more with colours and examples
    permuted. No episode occurs twice. Where there are more than `max_episodes`, that many are drawn at random.
    `per_family` limits what a family adds, so that it cannot crowd the plain ones out; they are then permuted alone.
    """
    longest = puzzle.longest_side
    plain = [episode for n in (1, 2) for episode in leave_n_out(puzzle.train, n)]
    added = [
        [changed for episode in plain for changed in augmented(episode, [family], random, longest)]
        for family in families
    ]
    if per_family is not None:
        added = [random.sample(of_family, min(per_family, len(of_family))) for of_family in added]
    changed = [episode for of_family in added for episode in of_family]
    repainted = plain + changed if per_family is None else plain
    permuted = [permute_examples(permute_colours(episode, random), random) for episode in repainted]
    different = list(dict.fromkeys(plain + changed + permuted))
    return random.sample(different, min(max_episodes, len(different)))


def _mapped(episode: Episode, change: Callable[[Grid], Grid]) -> Episode:
    def pair(given: Pair) -> Pair:
        return Pair(input=change(given.input), output=change(given.output))

    return Episode(demonstrations=tuple(map(pair, episode.demonstrations)), query=pair(episode.query))
