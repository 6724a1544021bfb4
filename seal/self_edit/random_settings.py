"""Settings for test-time training that nobody has thought about: what a policy's choice has to be better than."""

import json
from collections.abc import Sequence
from random import Random
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from seal.self_edit import Assignment, Continue
from seal.self_edit.augmentations import FAMILIES, Augmentations
from seal.settings import option
from seal.types import Completion, Unavailable


@option
class RandomSettings(Augmentations):
    """Settings that are drawn, whatever the puzzle, all choices equally likely: the baseline that a policy's choice has
    to beat."""

    teachable: ClassVar[bool] = False

    learning_rates: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)] = (1e-5, 1e-4, 1e-3)
    """One of these learning rates is drawn."""
    epochs: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 2, 3)
    """One of these numbers of epochs is drawn."""
    strategies: Annotated[
        tuple[Literal["train_using_all_tokens", "train_using_output_tokens"], ...], Field(min_length=1)
    ] = ("train_using_all_tokens", "train_using_output_tokens")
    """One of these is drawn: what is trained on. Each family of augmentations is used or not."""

    @property
    def n_requests(self) -> int:
        return 0

    def write(self, assignments: Sequence[Assignment], go_on: Continue) -> list[Completion | Unavailable]:
        return [Completion(text=self._drawn(Random(each.seed)), finished=True) for each in assignments]

    def _drawn(self, random: Random) -> str:
        return json.dumps(
            {
                "data_generation": {f"use_{family}_augmentations": random.random() < 0.5 for family in FAMILIES},
                "training": {
                    "strategy": random.choice(self.strategies),
                    "learning_rate": random.choice(self.learning_rates),
                    "num_train_epochs": random.choice(self.epochs),
                },
            }
        )
