"""Rules that move the nine cells of a 3×3 grid: those for pretraining, and those that the small model has never seen.

A rule is a permutation: cell i of the output is cell `rule[i]` of the input, both read row by row. There are two kinds
of rules. Familiar rules are simple: rows, columns or a few cells change places. From some of them, the small model has
learned to infer others from demonstrations. Unfamiliar rules are other permutations. They need training.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain, combinations, permutations, product
from random import Random

Rule = tuple[int, ...]

SIDE = 3
_SETS_SEED = 2506
"""Seed that assigns rules to populations. It is part of the world, not of a run."""
N_FAMILIAR, N_UNFAMILIAR = 87, 500
"""Number of rules of each kind in the training population, and in the held-out population."""
N_MOVED_LINES, N_EXCHANGES = 40, 30
"""Rules for pretraining besides the symmetries: turned or mirrored rules, and plain rules."""


class Population(StrEnum):
    """The use of a rule. No rule belongs to two populations."""

    PRETRAINING = "pretraining"
    TRAIN = "train"
    HELD_OUT = "held_out"


class Kind(StrEnum):
    FAMILIAR = "familiar"
    UNFAMILIAR = "unfamiliar"


def rules_of(population: Population, kind: Kind = Kind.FAMILIAR) -> tuple[Rule, ...]:
    """All rules of a population, always the same. Pretraining has only familiar rules."""
    return _SETS[kind][population]


def apply(rule: Rule, cells: Sequence[int]) -> tuple[int, ...]:
    """The cells of the output."""
    return tuple(cells[source] for source in rule)


def _after(second: Rule, first: Rule) -> Rule:
    """The rule that applies `first`, then `second`."""
    return tuple(first[source] for source in second)


def _symmetries() -> list[Rule]:
    """The symmetries of the square, the identity first."""
    identity = tuple(range(SIDE * SIDE))
    turned = tuple((SIDE - 1 - column) * SIDE + row for row, column in product(range(SIDE), repeat=2))
    mirrored = tuple(row * SIDE + SIDE - 1 - column for row, column in product(range(SIDE), repeat=2))
    turns = [identity]
    for _ in range(3):
        turns.append(_after(turned, turns[-1]))
    return turns + [_after(mirrored, turn) for turn in turns]


def _moved_lines() -> Iterator[Rule]:
    """Rows exchanged, columns exchanged, or both."""
    for rows, columns in product(permutations(range(SIDE)), repeat=2):
        yield tuple(row * SIDE + column for row, column in product(rows, columns))


def _exchanges() -> Iterator[Rule]:
    """Two cells change places, or three move in a circle."""
    cells = range(SIDE * SIDE)
    for one, other in combinations(cells, 2):
        yield _moving({one: other, other: one})
    for first, second, third in combinations(cells, 3):
        yield _moving({first: second, second: third, third: first})
        yield _moving({first: third, third: second, second: first})


def _moving(sources: dict[int, int]) -> Rule:
    return tuple(sources.get(cell, cell) for cell in range(SIDE * SIDE))


def _familiar() -> dict[Population, tuple[Rule, ...]]:
    """Familiar rules by population. All symmetries are for pretraining; the others are shared out."""
    random = Random(_SETS_SEED)
    symmetries = _symmetries()
    lines = [rule for rule in _moved_lines() if rule not in symmetries]
    exchanges = list(_exchanges())
    turned = [_after(rule, turn) for rule in (*lines, *exchanges) for turn in symmetries[1:]]
    plain = [*lines, *exchanges]
    random.shuffle(plain)
    held_out, train = plain[:N_FAMILIAR], plain[N_FAMILIAR : 2 * N_FAMILIAR]
    reserved = {*symmetries, *held_out, *train}
    turned = [rule for rule in dict.fromkeys(turned) if rule not in reserved]
    random.shuffle(turned)
    others = plain[2 * N_FAMILIAR :][:N_EXCHANGES]
    pretraining = (*symmetries[1:], *turned[:N_MOVED_LINES], *others)
    return {
        Population.PRETRAINING: pretraining,
        Population.TRAIN: tuple(train),
        Population.HELD_OUT: tuple(held_out),
    }


def _unfamiliar(familiar: dict[Population, tuple[Rule, ...]]) -> dict[Population, tuple[Rule, ...]]:
    """Random permutations that no population has yet. Most of them follow no simple pattern."""
    random = Random(_SETS_SEED)
    taken = {*_symmetries(), *chain.from_iterable(familiar.values())}
    drawn: dict[Rule, None] = {}
    while len(drawn) < 2 * N_UNFAMILIAR:
        rule = tuple(random.sample(range(SIDE * SIDE), SIDE * SIDE))
        if rule not in taken:
            drawn[rule] = None
    rules = tuple(drawn)
    return {Population.TRAIN: rules[:N_UNFAMILIAR], Population.HELD_OUT: rules[N_UNFAMILIAR:]}


_FAMILIAR = _familiar()
_SETS = {Kind.FAMILIAR: _FAMILIAR, Kind.UNFAMILIAR: _unfamiliar(_FAMILIAR)}
