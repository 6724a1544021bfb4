"""Puzzles of the embedded world."""

import json
from itertools import chain, combinations

from seal import config
from seal.grids.grid import puzzle_in
from seal.task import Contexts
from seal.tiny.grids.rules import Population, apply, rules_of


def load(*overrides: str) -> Contexts:
    return config.load(["experiment=grids", "task.n_train=40", "task.n_held_out=32", *overrides])[0].task.load()


def test_no_rule_belongs_to_two_populations() -> None:
    for one, other in combinations(Population, 2):
        assert not {*rules_of(one)} & {*rules_of(other)}


def test_each_puzzle_follows_one_rule_of_its_population() -> None:
    contexts = load()
    for part, population in ((contexts.train, Population.TRAIN), (contexts.held_out, Population.HELD_OUT)):
        for context in part:
            puzzle = puzzle_in(context.text, context.id)
            solutions = json.loads(context.queries[0].target)
            pairs = [(pair.input.lists(), pair.output.lists()) for pair in puzzle.train]
            pairs += [(test.lists(), solution) for test, solution in zip(puzzle.tests, solutions, strict=True)]
            flat = [(list(chain(*given)), tuple(chain(*wanted))) for given, wanted in pairs]
            assert any(all(apply(rule, given) == wanted for given, wanted in flat) for rule in rules_of(population))


def test_equal_seeds_give_equal_puzzles_and_other_seeds_others() -> None:
    assert load("seed=1") == load("seed=1")
    assert not {each.text for each in load("seed=1").all} & {each.text for each in load("seed=2").all}
