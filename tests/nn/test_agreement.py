"""A distance is judged by the precision of the model that made it."""

from dataclasses import replace

import pytest

from seal.nn.agreement import Agreement

SMALL = Agreement(n_tokens=4, dtype="float32", largest=0.01, distance=1e-5, effect=0.5)


@pytest.mark.parametrize(
    ("dtype", "holds"), [("float64", False), ("float32", False), ("float16", True), ("bfloat16", True)]
)
def test_what_is_rounding_in_16_bits_is_a_difference_in_32(dtype: str, holds: bool) -> None:
    assert replace(SMALL, dtype=dtype, distance=0.01).holds is holds


def test_a_distance_that_is_no_number_is_no_agreement() -> None:
    assert SMALL.holds
    assert not replace(SMALL, distance=float("nan")).holds
    assert not replace(SMALL, distance=float("inf")).holds


def test_an_adapter_that_changes_nothing_has_no_share_to_lose() -> None:
    assert replace(SMALL, effect=0.0).share is None
    assert replace(SMALL, distance=0.1, effect=0.5).share == pytest.approx(0.2)
