"""How the shipped model of grids was made."""

from itertools import pairwise
from random import Random

import pytest

from seal.model.tiny_grids import TinyGrids
from seal.tiny.grids.documents import Library, moved
from seal.tiny.grids.pretrain import pretrain, shape
from seal.tiny.grids.rules import SIDE, Population, apply, rules_of
from seal.tiny.grids.tokenizer import make_tokenizer

SEEN = 300


def rule_between(given: str, wanted: str) -> tuple[int, ...] | None:
    """How the cells of a 3×3 grid of nine colours move."""
    before, after = given.replace("\n", ""), wanted.replace("\n", "")
    if given.count("\n") != SIDE - 1 or sorted(before) != sorted(after) or len({*before}) != SIDE * SIDE:
        return None
    return tuple(before.index(cell) for cell in after)


def test_rules_of_training_and_held_out_puzzles_are_never_read_as_moved_cells() -> None:
    library = Library(random=Random(0))
    unseen = {*rules_of(Population.TRAIN), *rules_of(Population.HELD_OUT)}
    texts = ["".join(piece.text for piece in library.moved_cells()) for _ in range(SEEN)]
    pairs = [line.split(" -> ") for text in texts for line in text.removesuffix("#").split("#\n")]
    met = {rule_between(given, wanted) for given, wanted in pairs}
    assert len(met) > 50
    assert not met & unseen


def test_a_pair_follows_its_rule() -> None:
    rule = rules_of(Population.TRAIN)[0]
    given, wanted = moved(Random(0), rule)
    assert tuple(wanted.flatten()) == apply(rule, given.flatten().tolist())


def test_the_shape_is_that_of_the_shipped_model() -> None:
    shipped = TinyGrids().path
    config = shape(make_tokenizer())
    known = type(config).from_pretrained(shipped)
    assert (config.hidden_size, config.num_hidden_layers, config.vocab_size) == (
        known.hidden_size,
        known.num_hidden_layers,
        known.vocab_size,
    )


@pytest.mark.slow
def test_pretraining_learns_and_equal_seeds_give_equal_weights() -> None:
    networks = [pretrain(steps=2, seed=0)[0] for _ in range(2)]
    for one, other in pairwise(networks):
        assert all((a == b).all() for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
