"""Numbers that somebody else published, to be read beside the measured ones. They never take part in a computation."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from seal.settings import option


@option
class Published:
    """Published accuracies by the names of the settings they belong to, as the table of results has them."""

    source: Annotated[str, Field(min_length=1)]
    """Where they stand, and what makes them comparable or not: data, model, grader, how many questions."""
    accuracy: Annotated[Mapping[str, Annotated[float, Field(ge=0, le=1)] | None], Field(min_length=1)]
    """By setting; null where nothing was published, for an experiment that takes over the rest from another."""

    def of(self, setting: str) -> float | None:
        return self.accuracy.get(setting)
