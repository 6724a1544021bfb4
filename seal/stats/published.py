"""Published numbers, shown beside the measured ones. They are never used in a computation."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from seal.settings import option


@option
class Published:
    """Published accuracies, by the names of the rows in the table of results."""

    source: Annotated[str, Field(min_length=1)]
    """The source of the numbers, and the facts to judge whether they are comparable: data, model, grader, number of
    questions."""
    accuracy: Annotated[Mapping[str, Annotated[float, Field(ge=0, le=1)] | None], Field(min_length=1)]
    """By row. null means that nothing was published; it removes a number that one preset inherits from another."""

    def of(self, setting: str) -> float | None:
        return self.accuracy.get(setting)
