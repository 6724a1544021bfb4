"""What a run found: a table with one row a setting, and paired differences between rows. Pure.

The unit of every mean is the context: queries about one passage are not independent of each other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from seal.stats.published import Published
from seal.stats.selection import SelectionNoise, selection_noise
from seal.stats.statistics import estimate, mean
from seal.stats.transfer import Matrix
from seal.types import Evaluation, Failure, Invalid, Round

Outcome = Evaluation | Failure | Invalid
"""What came of one model that should have been made and asked."""


def _nothing(value: object) -> bool:
    """What a file need not say."""
    return not value


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricMean:
    """A metric of one setting: its mean over contexts."""

    mean: float | None
    """None if it could be told of no answer."""
    ci95: tuple[float, float] | None
    """As in `Row`."""


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
    tokens: float | None = None
    """Trained tokens of one training, all passes together; the mean over trainings. None where nothing was trained."""
    updates: float | None = None
    """Optimizer steps of one training; the mean over trainings."""
    seconds: float | None = None
    """Of training and asking one model, a share of the time of those that ran side by side; the mean."""
    matched_to: str | None = None
    """The setting whose compute this one was given, where it was given that of another."""
    metrics: Annotated[Mapping[str, MetricMean], Field(exclude_if=_nothing)] = field(default_factory=dict)
    """Further metrics, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """A setting on the questions of one kind, as `Row`."""

    setting: str
    kind: str
    accuracy: float
    ci95: tuple[float, float] | None
    n_contexts: int
    n_queries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A setting trained for so long."""

    epochs: int
    tokens: float
    """As in `Row`."""
    updates: float
    accuracy: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Accuracy against training: one setting, trained anew for each number of epochs."""

    setting: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The settings of the inner loop that did best for one setting on training contexts."""

    setting: str
    learning_rate: float
    epochs: int
    accuracy: float
    """On the training contexts it was chosen on, so it is optimistic."""
    n_contexts: int
    n_tried: int
    """Pairs of a learning rate and a number of epochs."""


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
class ByMetric:
    """What a metric says of a run, as `Results` says it of the accuracy."""

    comparisons: tuple[Comparison, ...]
    """Paired differences in the metric."""
    scores: Mapping[str, Mapping[str, float]]
    """By setting, the metric of each context."""


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
    metrics: Annotated[Mapping[str, ByMetric], Field(exclude_if=_nothing)] = field(default_factory=dict)
    """Further metrics, by name; their means stand in the table."""
    rounds: tuple[RoundSummary, ...] = ()
    trainings: tuple[Trainings, ...] = ()
    """Where one training serves all contexts of a setting."""
    kinds: tuple[KindRow, ...] = ()
    """The table by kind of question, where questions are of several kinds."""
    curves: tuple[Curve, ...] = ()
    """Accuracy against trained tokens, where that was asked for."""
    tuned: tuple[Tuned, ...] = ()
    """Where settings of the inner loop were chosen for each setting of the table apart."""
    continual: Matrix | None = None
    """Where passages were learned one after the other."""
    continual_matched: Matrix | None = None
    """The same with the passages alone, each trained on for as long as its self-edits."""
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
