"""The points of a sweep, and which of its settings is the best: with its interval, and how much of its lead is luck."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seal.folder.results_file import read_results
from seal.folder.store import RESULTS
from seal.report.wording import interval, share, signed
from seal.stats.measurement import compare_scores
from seal.stats.results import Comparison
from seal.stats.statistics import chosen_out_of_bag, estimate, mean

SEED = "seed"
_KEY = re.compile(r"(?:^|,)([+~]?[A-Za-z_][\w.@]*)=")
"""In a point's name, `inner.rank=8,seed=0`; values may hold commas."""
Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A point that has results."""

    name: str
    settings: Mapping[str, str]
    """What was swept, by key."""
    measured: str
    """The last setting of its own table, for example `round_2`."""
    accuracy: float | None
    ci95: tuple[float, float] | None
    """Over contexts."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """By context."""

    def without_seed(self) -> tuple[tuple[str, str], ...]:
        return tuple((key, value) for key, value in self.settings.items() if key != SEED)


def read_sweep(folder: Path) -> list[Swept]:
    """The points of a sweep's folder that have results."""
    return [read_point(file) for file in sorted(folder.glob(f"*/{RESULTS}"))]


def read_point(results: Path) -> Swept:
    """One point, from its `results.json`."""
    found = read_results(results.parent)
    last = found.table[-1]
    return Swept(
        name=results.parent.name,
        settings=settings_in(results.parent.name),
        measured=last.setting,
        accuracy=last.accuracy,
        ci95=last.ci95,
        scores=found.scores.get(last.setting, {}),
    )


def settings_in(name: str) -> dict[str, str]:
    """The settings that a point's name is made of."""
    pieces = _KEY.split(name)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A setting: all points that differ in the seed only."""

    settings: Settings
    accuracy: float
    """The mean over seeds."""
    ci95: tuple[float, float] | None
    """Over contexts, each with its mean over seeds; it holds no choice among settings."""
    n_seeds: int
    n_contexts: int
    short_of_best: Comparison | None = None
    """The best setting minus this one, paired: on the contexts that both were asked about with the same seeds."""

    @property
    def name(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.settings) or "the only setting"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a sweep says of its settings."""

    ranked: tuple[Ranked, ...]
    """The best first."""
    elsewhere: float | None
    """What the best scores where it is chosen on some contexts and asked on others; None where they are not shared."""


def choose(points: Sequence[Swept]) -> Choice:
    """Rank the settings by their mean over seeds."""
    groups: dict[Settings, list[Swept]] = {}
    for point in points:
        if point.accuracy is not None:
            groups.setdefault(point.without_seed(), []).append(point)
    means = {settings: mean([one.accuracy or 0.0 for one in group]) or 0.0 for settings, group in groups.items()}
    order = sorted(groups, key=lambda settings: -means[settings])
    ranked = [_ranked(settings, means[settings], groups[settings], groups[order[0]]) for settings in order]
    return Choice(ranked=tuple(ranked), elsewhere=_elsewhere([groups[settings] for settings in order]))


def _ranked(settings: Settings, accuracy: float, group: Sequence[Swept], best: Sequence[Swept]) -> Ranked:
    scores = _by_context(group, _seeds(group))
    middle = estimate(list(scores.values()))
    return Ranked(
        settings=settings,
        accuracy=accuracy,
        ci95=middle.ci95 if middle else group[0].ci95 if len(group) == 1 else None,
        n_seeds=len(group),
        n_contexts=len(scores),
        short_of_best=None if group is best else _difference(group, best),
    )


def _difference(group: Sequence[Swept], best: Sequence[Swept]) -> Comparison | None:
    seeds = _seeds(group) & _seeds(best)
    return compare_scores(("this", _by_context(group, seeds)), ("best", _by_context(best, seeds)), {})


def _elsewhere(groups: Sequence[Sequence[Swept]]) -> float | None:
    """Only where every setting has the same seeds, and was asked about the same contexts."""
    if len({frozenset(_seeds(group)) for group in groups}) != 1:
        return None
    found = [_by_context(group, _seeds(group)) for group in groups]
    if any(scores.keys() != found[0].keys() for scores in found):
        return None
    return chosen_out_of_bag([[scores[context] for context in found[0]] for scores in found])


def _seeds(group: Sequence[Swept]) -> set[str]:
    return {point.settings.get(SEED, "") for point in group}


def _by_context(group: Sequence[Swept], seeds: set[str]) -> dict[str, float]:
    """Each context's mean over these seeds; seeds that drew contexts of their own add them."""
    found: dict[str, list[float]] = {}
    for point in group:
        if point.settings.get(SEED, "") in seeds:
            for context, score in point.scores.items():
                found.setdefault(context, []).append(score)
    return {context: sum(scores) / len(scores) for context, scores in found.items()}


def in_words(choice: Choice, *, n_unfinished: int = 0) -> Iterator[str]:
    """The best setting, its lead, and what must be known of both; among others how many points are not in it."""
    if not choice.ranked:
        return
    best, *others = choice.ranked
    ends = f", 95 % interval {interval(best.ci95)}" if best.ci95 else ""
    over = f", mean over {best.n_seeds} seeds" if best.n_seeds > 1 else ""
    yield f"best: {best.name}, {share(best.accuracy)}{over}{ends}"
    if n_unfinished:
        yield f"{n_unfinished} points have no results: this is said of the others alone"
    if not others:
        return
    lead = others[0].short_of_best
    if lead:
        sure = "" if lead.ci95 and lead.ci95[0] > 0 else ": no clear lead"
        yield (
            f"minus the second best ({others[0].name}), paired over {lead.n_contexts} contexts: "
            f"{signed(lead.difference)}, 95 % interval {interval(lead.ci95, of_difference=True) or 'unknown'}{sure}"
        )
    else:
        yield f"the second best ({others[0].name}) has no context in common with it: no paired difference"
    is_best = f"{share(best.accuracy)} is the best of {len(choice.ranked)} settings"
    yield f"{is_best}, and too high by the luck of the choice{_luck(choice)}"
    yield "before it is quoted, the best setting should be run on contexts that no point of the sweep was asked about"


def _luck(choice: Choice) -> str:
    if choice.elsewhere is None:
        return "; by how much cannot be told, as not all settings were asked about the same contexts"
    return f": chosen on some contexts and asked on others (bootstrap), it is {share(choice.elsewhere)}"
