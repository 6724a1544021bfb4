"""A whole experiment as one frozen value: a field a room. Whoever has a `Run` knows everything that was chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from seal.base.paths import fault_of_name
from seal.choices import Choices
from seal.recipe import Recipe
from seal.settings import Option, option
from seal.stats.results import Row

_COLUMNS = {field.name for field in fields(Row)} | {"published"}


@option
class Run(Choices):
    """The choice of an option in every room."""

    recipe: Recipe


def faults_between_rooms(run: Run) -> Iterator[str]:
    """What is wrong with choices that are each right on their own, as `key: what, and what would be right`.

    Every option is asked.
    """
    if fault := fault_of_name(run.name):
        yield f"name: {run.name!r} does not lead to a folder inside {run.outputs}, where runs lie: {fault}"
    yield from (
        f"metrics.{name}: this is a column of the table already: choose another name"
        for name in run.metrics
        if name in _COLUMNS
    )
    for room in fields(run):
        chosen = getattr(run, room.name)
        for each in chosen.values() if isinstance(chosen, Mapping) else [chosen]:
            if isinstance(each, Option):
                yield from each.faults(run)
