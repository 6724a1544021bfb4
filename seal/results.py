"""What a run found: a table with one row a setting, and paired differences between rows. Pure.

The unit of every mean is the context: queries about one passage are not independent of each other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from seal.published import Published
from seal.selection import SelectionNoise, selection_noise
from seal.statistics import (
    accuracy,
    estimate,
    mean,
    minimum_detectable,
    paired_difference,
    sample_deviation,
)
from seal.transfer import Matrix
from seal.types import Attempt, Evaluation, Failure, Grade, Invalid, Round

Outcome = Evaluation | Failure | Invalid
"""What came of one model that should have been made and asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting: its accuracy is the mean over contexts of each context's mean over its self-edits.

    A self-edit's is the mean over its repeats; where there are none, each training of a context counts as one.
    """

    setting: str
    accuracy: float | None
    """None if nothing could be graded."""
    ci95: tuple[float, float] | None
    """Bootstrap over contexts; None for fewer than two."""
    ci95_titles: tuple[float, float] | None = None
    """Bootstrap over titles, where contexts share some: passages of one article resemble each other."""
    n_contexts: int
    """Those with at least one verdict."""
    n_queries: int
    """Distinct queries that were asked, and whose right answer is known."""
    n_answers: int
    """Answers, with all self-edits and repeats."""
    n_unknown: int
    """Answers without a verdict, left out of the accuracy; those of failed trainings are counted here."""
    n_failed: int
    """Trainings or answers that broke off."""
    n_invalid: int
    """Self-edits that could not be trained on; each scores 0, by the method's own rule."""
    n_unmarked: int = 0
    """Texts in which no answer followed the task's `answer_marker`; graded as empty answers, which are wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How much higher the second setting is than the first, on the contexts that both have."""

    first: str
    second: str
    difference: float
    ci95: tuple[float, float] | None
    ci95_titles: tuple[float, float] | None = None
    """As in a row."""
    n_contexts: int
    minimum_detectable: float | None = None
    """The difference that so many contexts, as scattered as these, show with a power of 80 % at 5 %, two-sided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSummary:
    """How a round of training went."""

    round: int
    n_attempts: int
    n_kept: int | None
    """Self-edits that the policy learned from; None where that was not published."""
    n_invalid: int
    n_failed: int
    mean_reward: float | None
    """Mean over contexts of the mean over self-edits."""
    mean_reward_ci95: tuple[float, float] | None = None
    """Bootstrap over contexts."""
    best_reward: float | None
    """Mean over contexts of the best self-edit's reward. Choosing the best of noisy ones makes it too high."""
    selection: SelectionNoise | None = None
    """How much of that choice is luck."""

    def metrics(self) -> dict[str, float]:
        """For loggers."""
        known = {
            "round": self.round,
            "round/attempts": self.n_attempts,
            "round/kept": self.n_kept,
            "round/invalid": self.n_invalid,
            "round/failed": self.n_failed,
            "reward/mean": self.mean_reward,
            "reward/best": self.best_reward,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainings:
    """One setting trained several times with other seeds, each time for all contexts at once.

    The interval of the setting's row is over contexts, which all share the training: it holds no noise of training.
    This is where that noise is seen.
    """

    setting: str
    accuracies: tuple[float, ...]
    """Of each training that worked: the mean over contexts."""
    deviation: float | None
    """Sample standard deviation of these; None for fewer than two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that a run found; `results.json` is this."""

    table: tuple[Row, ...]
    comparisons: tuple[Comparison, ...] = ()
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By setting, the accuracy of each context, for comparisons with other runs."""
    rounds: tuple[RoundSummary, ...] = ()
    trainings: tuple[Trainings, ...] = ()
    """Where one training serves all contexts of a setting."""
    continual: Matrix | None = None
    """Where passages were learned one after the other."""
    styles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By policy, the share of each style among the lines of its held-out self-edits."""
    notes: tuple[str, ...] = ()
    """What the reader should know, for example duplicates that were dropped."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """What the run made, as paths inside its folder, for example `adapter`."""
    passage_shown: bool = False
    """Whether questions were asked with the passage in the prompt: then accuracies say nothing of what was learned."""
    published: Published | None = None
    """What others found, to be shown beside the table."""

    @property
    def has_titles(self) -> bool:
        """Whether any interval is over titles too."""
        return any(row.ci95_titles for row in self.table) or any(one.ci95_titles for one in self.comparisons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Everything asked in one setting, by context."""

    setting: str
    outcomes: Mapping[str, Sequence[Sequence[Outcome]]]
    """Of each context, and in it of each self-edit, or of each training where there are none, all repeats."""
    n_queries: Mapping[str, int]
    """How many queries each context has whose answers can be graded."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title of each context."""

    def by_context(self) -> dict[str, float]:
        """The accuracy of each context that has any verdict. Where none can be had, an invalid self-edit is not 0."""
        gradable = {context: outcomes for context, outcomes in self.outcomes.items() if self.n_queries[context]}
        scores = {context: _mean_over_edits(outcomes) for context, outcomes in gradable.items()}
        return {context: score for context, score in scores.items() if score is not None}

    def row(self) -> Row:
        scores = self.by_context()
        overall = estimate(list(scores.values()), clusters_of(scores, self.titles))
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
        )


def of_trainings(found: Measurement) -> Trainings:
    """How the repeats of a training for all contexts differ; each context's outcomes are one a training, in order."""
    trainings = zip(*found.outcomes.values(), strict=True)
    means = [_mean_over_edits(of_contexts) for of_contexts in trainings]
    known = tuple(share for share in means if share is not None)
    return Trainings(setting=found.setting, accuracies=known, deviation=sample_deviation(known))


def _mean_over_edits(outcomes: Iterable[Sequence[Outcome]]) -> float | None:
    """Each counts the same, however many of its repeats are known; None if no repeat of any is."""
    means = [mean(list(_scores(of_edit))) for of_edit in outcomes]
    return mean([known for known in means if known is not None])


def _scores(outcomes: Iterable[Outcome]) -> Iterable[float]:
    for outcome in outcomes:
        if isinstance(outcome, Invalid):
            yield 0.0
        elif isinstance(outcome, Evaluation) and (share := accuracy(outcome)) is not None:
            yield share


def clusters_of(contexts: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    """The title of each context; one that is not known stands for itself."""
    return [titles.get(context, context) for context in contexts]


def of_attempts(setting: str, attempts: Sequence[Attempt]) -> Measurement:
    """The measurement that attempts on some contexts make."""
    outcomes: dict[str, list[Sequence[Outcome]]] = {}
    for attempt in attempts:
        of_edit = [attempt.plan] if isinstance(attempt.plan, Invalid) else attempt.evaluations
        outcomes.setdefault(attempt.context.id, []).append(of_edit)
    return Measurement(
        setting=setting,
        outcomes=outcomes,
        n_queries={attempt.context.id: attempt.context.n_gradable for attempt in attempts},
        titles={attempt.context.id: attempt.context.title for attempt in attempts},
    )


def compare(first: Measurement, second: Measurement) -> Comparison | None:
    """The paired difference of two settings; None where they share no context."""
    return compare_scores(
        (first.setting, first.by_context()), (second.setting, second.by_context()), {**first.titles, **second.titles}
    )


def compare_scores(
    first: tuple[str, Mapping[str, float]], second: tuple[str, Mapping[str, float]], titles: Mapping[str, str]
) -> Comparison | None:
    """The same, of settings given by name and accuracy by context."""
    (name, before), (other, after) = first, second
    shared = [context for context in before if context in after]
    found = paired_difference(
        [before[context] for context in shared], [after[context] for context in shared], clusters_of(shared, titles)
    )
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
    )


def summarize(turn: Round, baselines: Mapping[str, float] | None = None) -> RoundSummary:
    """The numbers of a round of training; `baselines` as in `selection_noise`."""
    rewards: dict[str, list[float]] = {}
    for attempt in turn.attempts:
        if attempt.reward is not None:
            rewards.setdefault(attempt.context.id, []).append(attempt.reward)
    middle = estimate([sum(of_context) / len(of_context) for of_context in rewards.values()])
    return RoundSummary(
        round=turn.index,
        n_attempts=len(turn.attempts),
        n_kept=len(turn.update.kept),
        n_invalid=sum(isinstance(attempt.plan, Invalid) for attempt in turn.attempts),
        n_failed=sum(isinstance(one, Failure) for attempt in turn.attempts for one in attempt.evaluations),
        mean_reward=middle.mean if middle else None,
        mean_reward_ci95=middle.ci95 if middle else None,
        best_reward=mean([max(of_context) for of_context in rewards.values()]),
        selection=selection_noise(turn.attempts, baselines),
    )


def shares(labels: Iterable[str]) -> dict[str, float]:
    """Each label's share of all, most frequent first."""
    counts = Counter(labels)
    return {label: count / counts.total() for label, count in counts.most_common()}
