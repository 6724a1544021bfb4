"""Two runs side by side: paired differences on what both were asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seal.authorship import UNTRAINED, Author
from seal.errors import UsageError
from seal.folder.store import RESULTS, read_records
from seal.report.finished import read_finished
from seal.stats.measurement import adjusted, compare_scores
from seal.stats.results import Comparison
from seal.types import Context


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one run brings to a comparison."""

    folder: Path
    scores: Mapping[str, Mapping[str, float]]
    """By setting and context."""
    contexts: Mapping[str, Context]
    author: Author = UNTRAINED
    """Who wrote its self-edits."""
    metrics: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    """The same of further metrics, by name."""


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Each difference is the second run's minus the first's."""

    first: str
    """The name of the first run."""
    second: str
    comparisons: tuple[Comparison, ...]
    n_shared: int
    """Contexts that both were asked the same queries about."""
    n_only_first: int
    n_only_second: int
    n_other_queries: int
    """Contexts that both have, with different queries: left out."""
    first_author: Author = UNTRAINED
    """Who wrote the self-edits of the first run."""
    second_author: Author = UNTRAINED
    metrics: Mapping[str, tuple[Comparison, ...]] = field(default_factory=dict)
    """The same differences in the metrics that both runs have, by name."""


def read_side(folder: Path) -> Side:
    """A finished run.

    Raises:
        UsageError: it has no results yet, or none by context.
    """
    if not (folder / RESULTS).exists():
        raise UsageError(f"{folder} has no results yet: the same command goes on with it")
    results = read_finished(folder)
    if not results.scores:
        raise UsageError(f"{folder} has no accuracies by context: nothing was asked in it")
    return Side(
        folder=folder,
        scores=results.scores,
        contexts=read_records(folder / "contexts.jsonl", Context),
        author=results.author,
        metrics={name: found.scores for name, found in results.metrics.items()},
    )


def compare_runs(first: Side, second: Side, pairs: Sequence[tuple[str, str]]) -> RunComparison:
    """The settings that are paired, on shared contexts.

    Raises:
        UsageError: a setting is not there, or no context is shared.
    """
    asked = [_asked(side) for side in (first, second)]
    common = asked[0] & asked[1]
    shared = {name for name in common if _questions(first, name) == _questions(second, name)}
    if not shared:
        raise UsageError(
            f"{first.folder} and {second.folder} were asked about no common context with the same questions"
        )
    titles = {name: first.contexts[name].title for name in shared}
    sides = {None: (first, second)} | {
        name: (replace(first, scores=first.metrics[name]), replace(second, scores=second.metrics[name]))
        for name in first.metrics
        if name in second.metrics
    }
    found = {name: _differences(*of_both, pairs, shared, titles) for name, of_both in sides.items()}
    return RunComparison(
        first=first.folder.name,
        second=second.folder.name,
        comparisons=found[None],
        metrics={name: differences for name, differences in found.items() if name is not None},
        n_shared=len(shared),
        n_only_first=len(asked[0] - asked[1]),
        n_only_second=len(asked[1] - asked[0]),
        n_other_queries=len(common) - len(shared),
        first_author=first.author,
        second_author=second.author,
    )


def _differences(
    first: Side, second: Side, pairs: Sequence[tuple[str, str]], shared: set[str], titles: Mapping[str, str]
) -> tuple[Comparison, ...]:
    found = (
        compare_scores((one, _only(first, one, shared)), (other, _only(second, other, shared)), titles)
        for one, other in pairs
    )
    return adjusted(comparison for comparison in found if comparison)


def settings_of_both(first: Side, second: Side) -> list[tuple[str, str]]:
    """Each setting with itself, in the first run's order.

    Raises:
        UsageError: there is none.
    """
    both = [(setting, setting) for setting in first.scores if setting in second.scores]
    if not both:
        raise UsageError(
            f"no setting is in both runs: {', '.join(first.scores)} there, {', '.join(second.scores)} here; "
            "name a pair with --settings A:B"
        )
    return both


def _asked(side: Side) -> set[str]:
    return {context for of_setting in side.scores.values() for context in of_setting}


def _questions(side: Side, name: str) -> set[tuple[str, ...]]:
    """Of a context, each with its accepted answers; none if its record is lost."""
    queries = side.contexts[name].queries if name in side.contexts else ()
    return {(query.question, *query.accepted) for query in queries}


def _only(side: Side, setting: str, contexts: set[str]) -> dict[str, float]:
    if setting not in side.scores:
        raise UsageError(f"{side.folder} has no setting '{setting}'; it has {', '.join(side.scores)}")
    return {context: score for context, score in side.scores[setting].items() if context in contexts}
