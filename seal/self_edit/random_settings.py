"""Random settings for test-time training: the baseline that a policy's choice must beat."""

import json
from collections.abc import Sequence
from random import Random
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from seal.authorship import Author
from seal.self_edit import Assignment, Continue
from seal.self_edit.augmentations import FAMILIES, Augmentations
from seal.settings import Rooms, option
from seal.types import Completion, Unavailable


@option
class RandomSettings(Augmentations):
    """Random settings, drawn uniformly and without regard to the puzzle: the baseline that a policy's choice must
    beat."""

    teachable: ClassVar[bool] = False

    learning_rates: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)] = (1e-5, 1e-4, 1e-3)
    """Learning rates to draw from."""
    epochs: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 2, 3)
    """Numbers of epochs to draw from."""
    strategies: Annotated[
        tuple[Literal["train_using_all_tokens", "train_using_output_tokens"], ...], Field(min_length=1)
    ] = ("train_using_all_tokens", "train_using_output_tokens")
    """Strategies to draw from: the tokens that are trained on. Each family of augmentations is also drawn, with
    probability 1/2."""

    def author(self, run: Rooms) -> Author:
        return Author(by="chance", name="settings")

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
