"""What a policy learned from, as its update notes it."""

from seal.types import Update, Weighted
from seal.work.learning import signed_weights
from tests.values import attempt


def weighted(*weights: float) -> list[Weighted]:
    return [Weighted(attempt=attempt("a", index, 1.0), weight=weight) for index, weight in enumerate(weights)]


def update(signed: dict[str, float], *kept: str) -> Update:
    return Update(round=1, kept=kept, losses=(0.5,), weights="policies/round_1", sha256="0", signed=signed)


def test_weights_are_noted_unless_each_is_1() -> None:
    assert signed_weights(weighted(1.0, 1.0)) == {}
    assert signed_weights(weighted(0.5, -0.25)) == {"a/0": 0.5, "a/1": -0.25}
    assert signed_weights(weighted(2.0, 1.0)) == {"a/0": 2.0, "a/1": 1.0}


def test_a_self_edit_that_stands_twice_has_the_sum_of_its_weights() -> None:
    [twice] = weighted(0.5)
    assert signed_weights([twice, twice]) == {"a/0": 1.0} or signed_weights([twice, twice]) == {}


def test_an_update_says_what_was_reinforced_and_what_suppressed() -> None:
    found = update({"a/0": 0.5, "a/1": -0.25}, "a/0")
    assert found.suppressed == ("a/1",)
    assert found.learned == {"a/0": 0.5, "a/1": -0.25}
    assert update({}, "a/2").learned == {"a/2": 1.0}
