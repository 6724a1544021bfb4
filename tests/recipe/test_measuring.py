"""What the recipes have in common when they measure."""

import pytest

from seal.recipe.measuring import notes_on_losses


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([3.0, 2.9, 2.8, 2.9], "hardly fallen (3.00 to 2.90"),
        ([3.0] + [0.001] * 9, "fallen to 0.001"),
        ([3.0, 2.0, 1.0, 0.5], ""),
        ([2.0], "hardly fallen"),
    ],
)
def test_a_training_that_taught_too_little_or_too_much_is_said(losses: list[float], said: str) -> None:
    notes = list(notes_on_losses(losses))
    assert len(notes) == bool(said)
    assert not said or said in notes[0]
