"""All outcomes of one setting, and the row of the results table made from them. Pure functions.

Every mean is over contexts, because the queries about one passage are not independent of each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from seal.stats.intervals import SHARE
from seal.stats.results import Comparison, KindRow, MetricMean, Outcome, Row, Trainings
from seal.stats.significance import holm, sign_flip
from seal.stats.statistics import accuracy, estimate, mean, minimum_detectable, paired_difference, sample_deviation
from seal.types import Attempt, Context, Evaluation, Failure, Grade, Invalid, Plan, Query, Training, Verdict

Score = Callable[[Query, Verdict], float | None]
"""A number from 0 to 1 for one answer; None if it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All outcomes of one setting, by context."""

    setting: str
    outcomes: Mapping[str, Sequence[Sequence[Outcome]]]
    """By context: one list for each self-edit (without self-edits: for each training), with an outcome per repeat."""
    n_queries: Mapping[str, int]
    """Number of gradable queries of each context."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title of each context."""
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The kind of each query of each context, in order."""
    queries: Mapping[str, Sequence[Query]] = field(default_factory=dict)
    """The queries of each context, for metrics."""
    metrics: Mapping[str, Score] = field(default_factory=dict)
    """Metrics beside the accuracy, by name."""
    matched_to: str | None = None
    """As in `Row`."""
    trainings: tuple[Training, ...] = ()
    """The trainings that serve all contexts. Empty if each outcome has its own training."""
    seconds: float | None = None
    """As in `Row`."""
    copy_of: str | None = None
    """The setting whose outcomes these are, under another name."""

    def by_context(self) -> dict[str, float]:
        """The accuracy of each context that has verdicts. Contexts without gradable queries are left out.

        There, an invalid self-edit does not count as 0.
        """
        gradable = {context: outcomes for context, outcomes in self.outcomes.items() if self.n_queries[context]}
        scores = {context: _mean_over_edits(outcomes) for context, outcomes in gradable.items()}
        return {context: score for context, score in scores.items() if score is not None}

    def by_metric(self, name: str) -> dict[str, float]:
        """A metric for each context, computed like the accuracy."""
        found = {
            context: _mean_over_edits(outcomes, partial(_mean_score, self.metrics[name], self.queries[context]))
            for context, outcomes in self.outcomes.items()
            if self.n_queries[context]
        }
        return {context: score for context, score in found.items() if score is not None}

    def _metric_mean(self, name: str) -> MetricMean:
        found = estimate(list(self.by_metric(name).values()), limits=SHARE)
        return MetricMean(mean=found.mean if found else None, ci95=found.ci95 if found else None)

    def row(self) -> Row:
        scores = self.by_context()
        overall = estimate(list(scores.values()), clusters_of(scores, self.titles), limits=SHARE)
        everything = [outcome for of_context in self.outcomes.values() for of_edit in of_context for outcome in of_edit]
        verdicts = [verdict for one in everything if isinstance(one, Evaluation) for verdict in one.verdicts]
        lost = sum(
            self.n_queries[context] * sum(isinstance(outcome, Failure) for of_edit in of_context for outcome in of_edit)
            for context, of_context in self.outcomes.items()
        )
        return Row(
            setting=self.setting,
            accuracy=overall.mean if overall else None,
            ci95=overall.ci95 if overall else None,
            ci95_titles=overall.ci95_clusters if overall else None,
            n_contexts=len(scores),
            n_queries=sum(self.n_queries[context] for context in self.outcomes),
            n_answers=len(verdicts),
            n_unknown=sum(verdict.grade is Grade.UNKNOWN for verdict in verdicts) + lost,
            n_failed=sum(isinstance(outcome, Failure) for outcome in everything),
            n_invalid=sum(isinstance(outcome, Invalid) for outcome in everything),
            n_unmarked=sum(bool(verdict.written.strip() and not verdict.answer) for verdict in verdicts),
            tokens=mean([one.trained_tokens for one in self.spent if one.trained_tokens]),
            updates=mean([len(one.losses) for one in self.spent]),
            seconds=self.seconds,
            matched_to=self.matched_to,
            copy_of=self.copy_of,
            metrics={name: self._metric_mean(name) for name in self.metrics},
        )

    @property
    def spent(self) -> Sequence[Training]:
        """All trainings of the setting."""
        everything = (one for of_context in self.outcomes.values() for of_edit in of_context for one in of_edit)
        return self.trainings or [one.training for one in everything if isinstance(one, Evaluation) and one.training]

    def kind_rows(self) -> list[KindRow]:
        """One row per kind of question, in order of first occurrence. Empty if there is only one kind."""
        all_kinds = list(dict.fromkeys(kind for of_context in self.kinds.values() for kind in of_context))
        return [row for kind in all_kinds if (row := self._kind_row(kind))] if len(all_kinds) > 1 else []

    def _kind_row(self, kind: str) -> KindRow | None:
        places = {
            context: [place for place, one in enumerate(self.kinds.get(context, ())) if one == kind]
            for context in self.outcomes
        }
        found = {
            context: _mean_over_edits([[_only(one, places[context]) for one in of_edit] for of_edit in outcomes])
            for context, outcomes in self.outcomes.items()
            if places[context]
        }
        scores = {context: score for context, score in found.items() if score is not None}
        overall = estimate(list(scores.values()), limits=SHARE)
        if overall is None:
            return None
        return KindRow(
            setting=self.setting,
            kind=kind,
            accuracy=overall.mean,
            ci95=overall.ci95,
            n_contexts=overall.n,
            n_queries=sum(map(len, places.values())),
        )


def _only(outcome: Outcome, places: Sequence[int]) -> Outcome:
    """An evaluation with only the verdicts at these places."""
    if not isinstance(outcome, Evaluation):
        return outcome
    return replace(outcome, verdicts=tuple(outcome.verdicts[place] for place in places))


def of_trainings(found: Measurement) -> Trainings:
    """The spread between repeated trainings that each serve all contexts.

    Each context has one outcome per training, in order.
    """
    trainings = zip(*found.outcomes.values(), strict=True)
    means = [_mean_over_edits(of_contexts) for of_contexts in trainings]
    known = tuple(share for share in means if share is not None)
    return Trainings(setting=found.setting, accuracies=known, deviation=sample_deviation(known))


def _mean_over_edits(
    outcomes: Iterable[Sequence[Outcome]], score_of: Callable[[Evaluation], float | None] = accuracy
) -> float | None:
    """The mean over self-edits of their means over repeats; None if no repeat has a score.

    Each self-edit has the same weight, whatever the number of its known repeats.
    """
    means = [mean(list(_scores(of_edit, score_of))) for of_edit in outcomes]
    return mean([known for known in means if known is not None])


def _scores(outcomes: Iterable[Outcome], score_of: Callable[[Evaluation], float | None]) -> Iterable[float]:
    for outcome in outcomes:
        if isinstance(outcome, Invalid):
            yield 0.0
        elif isinstance(outcome, Evaluation) and (score := score_of(outcome)) is not None:
            yield score


def _mean_score(score: Score, queries: Sequence[Query], evaluation: Evaluation) -> float | None:
    """The mean score over queries with a known right answer."""
    pairs = zip(queries, evaluation.verdicts, strict=True)
    found = [score(query, verdict) for query, verdict in pairs if query.target]
    return mean([known for known in found if known is not None])


def clusters_of(contexts: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    """The title of each context, as its cluster. A context without a title is its own cluster."""
    return [titles.get(context) or context for context in contexts]


def of_attempts(setting: str, attempts: Sequence[Attempt]) -> Measurement:
    """The measurement of a setting from its attempts."""
    outcomes: dict[str, list[Sequence[Outcome]]] = {}
    for attempt in attempts:
        of_edit = attempt.evaluations if isinstance(attempt.plan, Plan) else [attempt.plan]
        outcomes.setdefault(attempt.context.id, []).append(of_edit)
    return Measurement(
        setting=setting,
        outcomes=outcomes,
        n_queries={attempt.context.id: attempt.context.n_gradable for attempt in attempts},
        titles={attempt.context.id: attempt.context.title for attempt in attempts},
        kinds=kinds_of(attempt.context for attempt in attempts),
        queries={attempt.context.id: attempt.context.queries for attempt in attempts},
    )


def kinds_of(contexts: Iterable[Context]) -> dict[str, tuple[str, ...]]:
    """The kinds of the queries of each context, in order."""
    return {context.id: tuple(query.kind for query in context.queries) for context in contexts}


def compare(first: Measurement, second: Measurement, metric: str | None = None) -> Comparison | None:
    """The paired difference of two settings in accuracy or in a metric; None if they share no context."""
    before, after = (one.by_context() if metric is None else one.by_metric(metric) for one in (first, second))
    return compare_scores((first.setting, before), (second.setting, after), {**first.titles, **second.titles})


def compare_scores(
    first: tuple[str, Mapping[str, float]], second: tuple[str, Mapping[str, float]], titles: Mapping[str, str]
) -> Comparison | None:
    """The same for settings given as their names and accuracies by context."""
    (name, before), (other, after) = first, second
    shared = [context for context in before if context in after]
    clusters = clusters_of(shared, titles)
    found = paired_difference([before[context] for context in shared], [after[context] for context in shared], clusters)
    if found is None:
        return None
    return Comparison(
        first=name,
        second=other,
        difference=found.mean,
        ci95=found.ci95,
        ci95_titles=found.ci95_clusters,
        n_contexts=found.n,
        minimum_detectable=minimum_detectable(found.deviation, found.n),
        p_value=sign_flip([after[context] - before[context] for context in shared], clusters),
    )


def adjusted(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons of one table, with p-values adjusted for their number."""
    found = list(comparisons)
    p_values = holm([one.p_value for one in found])
    return tuple(replace(one, p_holm=p_value) for one, p_value in zip(found, p_values, strict=True))
