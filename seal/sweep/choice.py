"""Reads the points of a sweep and ranks its settings, with intervals and an estimate of the selection bias."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seal.authorship import UNTRAINED, Author
from seal.folder.store import RESULTS
from seal.report.finished import read_finished
from seal.report.wording import interval, share, signed
from seal.stats.intervals import SHARE
from seal.stats.measurement import compare_scores
from seal.stats.results import Comparison
from seal.stats.statistics import chosen_out_of_bag, estimate, mean

SEED = "seed"
_KEY = re.compile(r"(?:^|,)([+~]?[A-Za-z_][\w.@]*)=")
"""A key in a point's name, such as `inner.rank=8,seed=0`. Values may contain commas."""
Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A point that has results."""

    name: str
    settings: Mapping[str, str]
    """The swept values, by key."""
    measured: str
    """The last row of the point's own table, for example `round_2`."""
    accuracy: float | None
    ci95: tuple[float, float] | None
    """Over contexts."""
    author: Author = UNTRAINED
    """Who wrote its self-edits."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Accuracy by context."""

    def without_seed(self) -> tuple[tuple[str, str], ...]:
        return tuple((key, value) for key, value in self.settings.items() if key != SEED)


def read_sweep(folder: Path) -> list[Swept]:
    """The points of a sweep's folder that have results."""
    return [read_point(file) for file in sorted(folder.glob(f"*/{RESULTS}"))]


def read_point(results: Path) -> Swept:
    """One point, from its `results.json`."""
    found = read_finished(results.parent)
    last = found.table[-1]
    return Swept(
        name=results.parent.name,
        settings=settings_in(results.parent.name),
        measured=last.setting,
        accuracy=last.accuracy,
        ci95=last.ci95,
        author=found.author,
        scores=found.scores.get(last.setting, {}),
    )


def settings_in(name: str) -> dict[str, str]:
    """The settings that make up a point's name."""
    pieces = _KEY.split(name)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One setting: all points that differ only in the seed."""

    settings: Settings
    accuracy: float
    """The mean over seeds."""
    ci95: tuple[float, float] | None
    """Over contexts, each with its mean over seeds. It ignores that the best setting was selected."""
    n_seeds: int
    n_contexts: int
    short_of_best: Comparison | None = None
    """The best setting minus this one, paired over the contexts and seeds that both share."""

    @property
    def name(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.settings) or "the only setting"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The ranking of a sweep's settings."""

    ranked: tuple[Ranked, ...]
    """Best first."""
    elsewhere: float | None
    """Accuracy of the best setting if it is selected on some contexts and measured on others (bootstrap).

    None if the settings do not share their contexts."""


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
    middle = estimate(list(scores.values()), limits=SHARE)
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
    """None unless all settings share their seeds and contexts."""
    if len({frozenset(_seeds(group)) for group in groups}) != 1:
        return None
    found = [_by_context(group, _seeds(group)) for group in groups]
    if any(scores.keys() != found[0].keys() for scores in found):
        return None
    return chosen_out_of_bag([[scores[context] for context in found[0]] for scores in found])


def _seeds(group: Sequence[Swept]) -> set[str]:
    return {point.settings.get(SEED, "") for point in group}


def _by_context(group: Sequence[Swept], seeds: set[str]) -> dict[str, float]:
    """The mean of each context over these seeds. If seeds drew different contexts, all of them are included."""
    found: dict[str, list[float]] = {}
    for point in group:
        if point.settings.get(SEED, "") in seeds:
            for context, score in point.scores.items():
                found.setdefault(context, []).append(score)
    return {context: sum(scores) / len(scores) for context, scores in found.items()}


def in_words(choice: Choice, *, n_unfinished: int = 0) -> Iterator[str]:
    """The best setting and its lead as text, with the warnings that a reader needs. Missing points are counted."""
    if not choice.ranked:
        return
    best, *others = choice.ranked
    ends = f", 95 % interval {interval(best.ci95)}" if best.ci95 else ""
    over = f", mean over {best.n_seeds} seeds" if best.n_seeds > 1 else ""
    yield f"best: {best.name}, {share(best.accuracy)}{over}{ends}"
    if n_unfinished:
        yield f"{n_unfinished} points have no results: the ranking leaves them out"
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
        yield f"the second best ({others[0].name}) shares no context with it: no paired difference"
    is_best = f"{share(best.accuracy)} is the best of {len(choice.ranked)} settings"
    yield f"{is_best}, so it is too high (selection bias){_luck(choice)}"
    yield "before you quote it, run the best setting on contexts that no point of the sweep used"


def _luck(choice: Choice) -> str:
    if choice.elsewhere is None:
        return "; the size of the bias is unknown, because the settings do not share all contexts"
    return f": selected on some contexts and measured on others (bootstrap), it is {share(choice.elsewhere)}"
