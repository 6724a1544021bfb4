"""Puzzles of the embedded world."""

import json
from itertools import chain, combinations

import pytest

from seal.config import loading
from seal.errors import ConfigError
from seal.grids.grid import puzzle_in
from seal.task import Contexts
from seal.tiny.grids.rules import Kind, Population, apply, rules_of


def load(*overrides: str) -> Contexts:
    return loading.load(["experiment=grids", "task.n_train=40", "task.n_held_out=32", *overrides])[0].task.load()


SETS = [(population, Kind.FAMILIAR) for population in Population]
SETS += [(population, Kind.UNFAMILIAR) for population in (Population.TRAIN, Population.HELD_OUT)]


def test_no_rule_belongs_to_two_populations_or_kinds() -> None:
    for one, other in combinations(SETS, 2):
        assert not {*rules_of(*one)} & {*rules_of(*other)}


@pytest.mark.parametrize("kind", Kind)
def test_each_puzzle_follows_one_rule_of_its_population(kind: Kind) -> None:
    contexts = load(f"task.rules={kind}")
    for part, population in ((contexts.train, Population.TRAIN), (contexts.held_out, Population.HELD_OUT)):
        for context in part:
            puzzle = puzzle_in(context.text, context.id)
            solutions = json.loads(context.queries[0].target)
            pairs = [(pair.input.lists(), pair.output.lists()) for pair in puzzle.train]
            pairs += [(test.lists(), solution) for test, solution in zip(puzzle.tests, solutions, strict=True)]
            flat = [(list(chain(*given)), tuple(chain(*wanted))) for given, wanted in pairs]
            assert any(
                all(apply(rule, given) == wanted for given, wanted in flat) for rule in rules_of(population, kind)
            )


def test_equal_seeds_give_equal_puzzles_and_other_seeds_others() -> None:
    assert load("seed=1") == load("seed=1")
    assert not {each.text for each in load("seed=1").all} & {each.text for each in load("seed=2").all}


def test_more_puzzles_than_there_are_rules_are_refused() -> None:
    with pytest.raises(ConfigError, match="of the familiar rules there are 87 a population, and 88 are asked for"):
        load("task.rules=familiar", "task.n_train=88")
    with pytest.raises(ConfigError, match=r"task\.n_train"):
        load("task.n_train=501")
