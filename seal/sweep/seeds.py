"""Compares whole runs that differ only in their seed: the points of a sweep over seeds, or of two such sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seal.authorship import UNTRAINED, Author
from seal.errors import UsageError
from seal.folder.store import RESULTS
from seal.report.comparing import compare_runs, read_side, settings_of_both
from seal.report.finished import read_finished
from seal.stats.between_runs import OverRuns, over_runs
from seal.stats.results import Comparison
from seal.sweep.choice import SEED, settings_in

FEWEST = 2
"""Seeds that show a variation."""


@dataclass(frozen=True, kw_only=True)
class OverSeeds:
    """The numbers of several runs, with the runs as units."""

    name: str
    seeds: tuple[str, ...]
    settings: tuple[OverRuns, ...]
    """The accuracy of each row; empty for two sweeps."""
    differences: tuple[OverRuns, ...]
    """The paired differences of each run; of two sweeps, the second minus the first at the same seed."""
    author: Author = UNTRAINED
    """Who wrote the self-edits."""
    second_author: Author | None = None
    """The same of the second sweep."""


def of_one(sweep: Path) -> OverSeeds:
    """The table and the paired differences of the runs of one sweep over seeds.

    Raises:
        UsageError: it is swept over more than the seed, or fewer than two seeds have results.
    """
    runs = _runs(sweep)
    found = [read_finished(folder) for folder in runs.values()]
    known = [(row.setting, row.accuracy) for one in found for row in one.table if row.accuracy is not None]
    settings = [over_runs(name, [value for each, value in known if each == name]) for name in _names(known)]
    return OverSeeds(
        name=sweep.name,
        seeds=tuple(runs),
        settings=tuple(one for one in settings if one),
        differences=_differences([one for each in found for one in each.comparisons]),
        author=found[0].author,
    )


def of_two(first: Path, second: Path, pairs: Sequence[tuple[str, str]]) -> OverSeeds:
    """The paired differences between two sweeps, each at the seeds that both have. No `pairs` takes all settings.

    Raises:
        UsageError: as in `of_one`; or the sweeps share fewer than two seeds, or no context or setting.
    """
    runs, others = _runs(first), _runs(second)
    shared = [seed for seed in runs if seed in others]
    if len(shared) < FEWEST:
        raise UsageError(f"{first} and {second} share {len(shared)} seeds; variation between runs needs two")
    sides = [(read_side(runs[seed]), read_side(others[seed])) for seed in shared]
    found = [compare_runs(*each, pairs or settings_of_both(*each)) for each in sides]
    return OverSeeds(
        name=f"{second.name} − {first.name}",
        seeds=tuple(shared),
        settings=(),
        differences=_differences([one for each in found for one in each.comparisons]),
        author=sides[0][0].author,
        second_author=sides[0][1].author,
    )


def _differences(comparisons: Sequence[Comparison]) -> tuple[OverRuns, ...]:
    known = [((one.first, one.second), one.difference) for one in comparisons]
    found = [
        over_runs(second, [value for each, value in known if each == (first, second)], first=first)
        for first, second in dict.fromkeys(pair for pair, _ in known)
    ]
    return tuple(one for one in found if one)


def _names(known: Sequence[tuple[str, float]]) -> list[str]:
    return list(dict.fromkeys(name for name, _ in known))


def _runs(sweep: Path) -> dict[str, Path]:
    """The folders of the runs with results, by seed."""
    folders = [file.parent for file in sorted(sweep.glob(f"*/{RESULTS}"))]
    swept = [settings_in(folder.name) for folder in folders]
    if more := sorted({key for settings in swept for key in settings} - {SEED}):
        raise UsageError(f"{sweep} is swept over {', '.join(more)} too: name a sweep over seeds alone, or two runs")
    runs = {settings[SEED]: folder for settings, folder in zip(swept, folders, strict=True) if SEED in settings}
    if len(runs) < FEWEST:
        raise UsageError(f"{sweep} has results of {len(runs)} seeds; variation between runs needs two")
    return dict(sorted(runs.items(), key=lambda pair: (len(pair[0]), pair[0])))
