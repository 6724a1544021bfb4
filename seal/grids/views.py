"""One test input, asked in several ways: fewer demonstrations, other orders, turned, flipped (arXiv 2411.07279)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial
from random import Random
from typing import Literal

from pydantic import PositiveInt

from seal.base.seeds import derive
from seal.grids.augment import TURNS
from seal.grids.grid import Grid, Pair
from seal.settings import option

Symmetry = Literal["identity", "transpose", "flip_vertical", "flip_horizontal", "rotate_90", "rotate_180", "rotate_270"]
SYMMETRIES: tuple[Symmetry, ...] = (
    "identity",
    "transpose",
    "flip_vertical",
    "flip_horizontal",
    "rotate_90",
    "rotate_180",
    "rotate_270",
)
_UNDONE_BY: dict[str, Symmetry] = {
    **{name: name for name in SYMMETRIES},
    "rotate_90": "rotate_270",
    "rotate_270": "rotate_90",
}


@option
class Viewing:
    """In which ways a test input is asked."""

    leave_one_out: bool = True
    """Show all demonstrations but one, each left out in turn. A single demonstration is always shown."""
    permutations: PositiveInt = 2
    """Orders that each choice of demonstrations is shown in; fewer where there are not so many different ones."""
    symmetries: tuple[Symmetry, ...] = SYMMETRIES
    """Each view is asked under each of these."""


@dataclass(frozen=True, slots=True)
class Question:
    """Demonstrations, and an input whose output nobody has told."""

    demonstrations: tuple[Pair, ...]
    input: Grid


@dataclass(frozen=True, slots=True)
class View:
    """One way to ask a test input."""

    name: str
    """For example `rotate_90/without_2/order_1`, counted from 1."""
    episode: Question
    inverse: Symmetry
    """The symmetry that takes an answer to where the test input was."""


def symmetry(name: str) -> Callable[[Grid], Grid]:
    """What a symmetry does to a grid."""
    if name == "identity":
        return lambda grid: grid
    return lambda grid: Grid.of_array(TURNS[name](grid.array()))


def inverse(name: str) -> Callable[[Grid], Grid]:
    """What undoes a symmetry."""
    return symmetry(inverse_name(name))


def inverse_name(name: str) -> Symmetry:
    """Which of the symmetries undoes one of them."""
    return _UNDONE_BY[name]


def views(train: Sequence[Pair], test: Grid, viewing: Viewing, *, seed: int) -> list[View]:
    """All views of a test input, symmetry by symmetry. Each symmetry shows the same choices in the same orders."""
    shown = [
        (f"{choice}/order_{number}", Question(demonstrations=order, input=test))
        for choice, pairs in _choices(train, leave_one_out=viewing.leave_one_out)
        for number, order in enumerate(_orders(pairs, viewing.permutations, Random(derive(seed, choice))), start=1)
    ]
    return [
        View(f"{name}/{order}", _seen(question, symmetry(name)), inverse_name(name))
        for name in viewing.symmetries
        for order, question in shown
    ]


def _choices(train: Sequence[Pair], *, leave_one_out: bool) -> list[tuple[str, tuple[Pair, ...]]]:
    if not leave_one_out or len(train) < 2:
        return [("all", tuple(train))]
    return [(f"without_{left + 1}", (*train[:left], *train[left + 1 :])) for left in range(len(train))]


def _orders(pairs: tuple[Pair, ...], count: int, random: Random) -> list[tuple[Pair, ...]]:
    """Up to `count` different orders."""
    orders: dict[tuple[int, ...], None] = {}
    while len(orders) < min(count, factorial(len(pairs))):
        orders[tuple(random.sample(range(len(pairs)), len(pairs)))] = None
    return [tuple(pairs[index] for index in order) for order in orders]


def _seen(question: Question, change: Callable[[Grid], Grid]) -> Question:
    pairs = [Pair(input=change(pair.input), output=change(pair.output)) for pair in question.demonstrations]
    return Question(demonstrations=tuple(pairs), input=change(question.input))
