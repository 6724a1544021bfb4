"""A whole experiment as one frozen value, with a field per room. A `Run` holds every choice and setting."""

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
    """The option chosen in every room."""

    recipe: Recipe


def faults_between_rooms(run: Run) -> Iterator[str]:
    """The faults between choices that are each valid alone, as `key: what is wrong, and what would be right`.

    Every option is asked.
    """
    if fault := fault_of_name(run.name):
        yield f"name: {run.name!r} does not lead to a folder inside {run.outputs}, where runs belong: {fault}"
    yield from (
        f"metrics.{name}: the table already has a column of this name: choose another name"
        for name in run.metrics
        if name in _COLUMNS
    )
    for room in fields(run):
        chosen = getattr(run, room.name)
        for each in chosen.values() if isinstance(chosen, Mapping) else [chosen]:
            if isinstance(each, Option):
                yield from each.faults(run)
