"""The results of a run: a table with one row per setting, and paired differences between rows. Pure functions.

Every mean is over contexts, because the queries about one passage are not independent of each other.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

from seal.authorship import UNTRAINED, Author
from seal.stats.intervals import Ends
from seal.stats.learning import Learning
from seal.stats.published import Published
from seal.stats.retrying import Retried
from seal.stats.selection import Score, SelectionNoise, best_left_out, by_context, selection_noise
from seal.stats.statistics import estimate, mean
from seal.stats.transfer import Matrix
from seal.types import Attempt, Evaluation, Failure, Invalid, Round

LONGER = re.compile(r"(?P<way>.+)_(?P<times>\d+|n)x")
"""The name of a setting that was trained like another one, so many times as long."""
Outcome = Evaluation | Failure | Invalid
"""The outcome for one model that was to be adapted and asked."""


def _nothing(value: object) -> bool:
    """True for a value that `results.json` may leave out."""
    return not value


def _as_usual(author: object) -> bool:
    """Who is the author where a file names none."""
    return author == UNTRAINED


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricMean:
    """A metric of one setting: its mean over contexts."""

    mean: float | None
    """None if no answer has a score."""
    ci95: tuple[float, float] | None
    """As in `Row`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting. Its accuracy is the mean over contexts of the means over their self-edits.

    The accuracy of a self-edit is the mean over its repeats. Without self-edits, each training of a context counts as
    one.
    """

    setting: str
    accuracy: float | None
    """None if no answer could be graded."""
    ci95: tuple[float, float] | None
    """Over contexts, as `seal.stats.intervals` makes it; None for fewer than two."""
    ci95_titles: tuple[float, float] | None = None
    """Over titles, because passages of one article resemble each other. None if no contexts share a title."""
    n_contexts: int
    """Contexts with at least one verdict."""
    n_queries: int
    """Distinct queries that were asked and have a known right answer."""
    n_answers: int
    """Answers, over all self-edits and repeats."""
    n_unknown: int
    """Answers without a verdict, left out of the accuracy. Answers missing after failed trainings are included."""
    n_failed: int
    """Trainings or answers that failed."""
    n_invalid: int
    """Self-edits that could not be trained on. Each scores 0, by the method's own rule."""
    n_unmarked: int = 0
    """Texts without an answer after the task's `answer_marker`. They count as empty answers, which are wrong."""
    tokens: float | None = None
    """Trained tokens of one training, over all epochs; the mean over trainings. None if nothing was trained."""
    updates: float | None = None
    """Optimizer steps of one training; the mean over trainings."""
    seconds: float | None = None
    """Mean seconds to train and ask one model. Models that ran in parallel share their time."""
    matched_to: str | None = None
    """The setting whose compute this matched row was given; None for an ordinary row."""
    copy_of: Annotated[str | None, Field(exclude_if=_nothing)] = None
    """The setting that this row repeats under another name."""
    metrics: Annotated[Mapping[str, MetricMean], Field(exclude_if=_nothing)] = field(default_factory=dict)
    """Metrics beside the accuracy, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """A setting on the questions of one kind; fields as in `Row`."""

    setting: str
    kind: str
    accuracy: float
    ci95: tuple[float, float] | None
    n_contexts: int
    n_queries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A setting, trained for one number of epochs."""

    epochs: int
    tokens: float
    """As in `Row`."""
    updates: float
    accuracy: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Accuracy against training: one setting, with a separate training for each number of epochs."""

    setting: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The inner-loop settings that scored best on training contexts, for one row of the table."""

    setting: str
    learning_rate: float
    epochs: int
    accuracy: float
    """On the training contexts used for the choice, so it is optimistic."""
    n_contexts: int
    n_tried: int
    """Number of pairs of learning rate and epochs that were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The paired difference of two settings: second minus first, over the contexts that both share."""

    first: str
    second: str
    difference: float
    ci95: tuple[float, float] | None
    ci95_titles: tuple[float, float] | None = None
    """As in `Row`."""
    n_contexts: int
    minimum_detectable: float | None = None
    """The minimum detectable difference for this number and spread of contexts: power 80 %, level 5 %, two-sided."""
    p_value: float | None = None
    """Of a paired permutation test over contexts; over titles where contexts share one. None for fewer than two."""
    p_holm: float | None = None
    """The same, adjusted for the number of differences in its table (Holm)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByMetric:
    """The results of a run in one metric. `Results` has the same for the accuracy."""

    comparisons: tuple[Comparison, ...]
    """Paired differences in the metric."""
    scores: Mapping[str, Mapping[str, float]]
    """The metric by setting and context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSummary:
    """The numbers of one round of training."""

    round: int
    n_attempts: int
    n_kept: int | None
    """Self-edits that the policy learned to write; None in published results that do not say."""
    n_suppressed: Annotated[int, Field(exclude_if=_nothing)] = 0
    """Self-edits that the policy learned not to write, with a weight below 0."""
    n_invalid: int
    n_failed: int
    mean_reward: float | None
    """Mean over contexts of the mean over self-edits, by the repeats that all of them have. Extra repeats are given to
    self-edits near the border of the choice, so they would bias this mean."""
    mean_reward_ci95: tuple[float, float] | None = None
    """Over contexts; None for fewer than two, and for equal rewards without limits."""
    best_reward: float | None
    """Mean over contexts of the best self-edit's reward. It is too high, because the best of noisy rewards is
    selected."""
    best_reward_left_out: float | None = None
    """The same without the luck of the choice: the best is chosen on all repeats but one, and rewarded by that one.
    None if self-edits have one repeat, or their rewards need none."""
    selection: SelectionNoise | None = None
    """How much of that selection is noise."""
    retried: Annotated[Retried | None, Field(exclude_if=_nothing)] = None
    """The kept self-edits tried again with fresh seeds, if the recipe asks for it."""

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to learn from."""
        return self.n_kept == 0 and not self.n_suppressed

    def metrics(self) -> dict[str, float]:
        """The numbers under their names in loggers."""
        known = {
            "round": self.round,
            "round/attempts": self.n_attempts,
            "round/kept": self.n_kept,
            "round/suppressed": self.n_suppressed or None,
            "round/invalid": self.n_invalid,
            "round/failed": self.n_failed,
            "reward/mean": self.mean_reward,
            "reward/best": self.best_reward,
            "reward/best_left_out": self.best_reward_left_out,
            "reward/kept_at_choice": self.retried.reward_at_choice if self.retried else None,
            "reward/kept_again": self.retried.reward_again if self.retried else None,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainings:
    """One setting, trained several times with different seeds, each time for all contexts at once.

    All contexts of a row share the training, so the row's interval over contexts misses the noise of training. This
    shows that noise.
    """

    setting: str
    accuracies: tuple[float, ...]
    """For each training that succeeded, the mean accuracy over contexts."""
    deviation: float | None
    """Sample standard deviation of the accuracies; None for fewer than two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All results of a run. `results.json` has these fields."""

    table: tuple[Row, ...]
    comparisons: tuple[Comparison, ...] = ()
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Accuracy by setting and context, for comparisons with other runs."""
    metrics: Annotated[Mapping[str, ByMetric], Field(exclude_if=_nothing)] = field(default_factory=dict)
    """Metrics beside the accuracy, by name. Their means are in the table."""
    rounds: tuple[RoundSummary, ...] = ()
    trainings: tuple[Trainings, ...] = ()
    """For settings in which one training serves all contexts."""
    kinds: tuple[KindRow, ...] = ()
    """The table by kind of question. Empty if there is only one kind."""
    learning: Annotated[tuple[Learning, ...], Field(exclude_if=_nothing)] = ()
    """Trainings that serve all contexts, if the recipe keeps them."""
    curves: tuple[Curve, ...] = ()
    """Accuracy against trained tokens, if the recipe asks for it."""
    tuned: tuple[Tuned, ...] = ()
    """Inner-loop settings chosen separately for each row of the table, if the recipe asks for it."""
    continual: Matrix | None = None
    """The accuracies of a sequence of passages learned one after another."""
    continual_matched: Matrix | None = None
    """The same for the passages alone, each trained for as many tokens as its self-edits."""
    styles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By policy, the share of each style among the lines of its held-out self-edits."""
    notes: tuple[str, ...] = ()
    """Notes to the reader, for example about dropped duplicates."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Products of the run as paths in its folder, for example `adapter`."""
    author: Annotated[Author, Field(exclude_if=_as_usual)] = UNTRAINED
    """The author of the self-edits of `self_edits_round_0`; by default the untrained policy."""
    passage_shown: bool = False
    """True if prompts showed the passage with the question. Then accuracies do not show that anything was learned."""
    published: Published | None = None
    """Published results, shown beside the table."""

    @property
    def has_titles(self) -> bool:
        """True if any interval is over titles."""
        return any(row.ci95_titles for row in self.table) or any(one.ci95_titles for one in self.comparisons)


def summarize(
    turn: Round,
    baselines: Mapping[str, float] | None = None,
    *,
    score: Score | None = None,
    repeats: int | None = None,
    limits: Ends | None = None,
) -> RoundSummary:
    """Summarize a round of training. `baselines` is as in `selection_noise`.

    `score` is the reward of an attempt by its evaluations, `repeats` their number without extra repeats, and `limits`
    are the least and the greatest possible reward. Without `score`, nothing is said that needs single repeats.
    """
    contexts = by_context(turn.attempts)
    rewards = [known for group in contexts if (known := _known(one.reward for one in group))]
    equal = [known for group in contexts if (known := _known(_at_first(one, score, repeats) for one in group))]
    middle = estimate([sum(of_context) / len(of_context) for of_context in equal], limits=limits)
    return RoundSummary(
        round=turn.index,
        n_attempts=len(turn.attempts),
        n_kept=len(turn.update.kept),
        n_suppressed=len(turn.update.suppressed),
        n_invalid=sum(isinstance(attempt.plan, Invalid) for attempt in turn.attempts),
        n_failed=sum(
            isinstance(one, Failure) for attempt in turn.attempts for one in (attempt.plan, *attempt.evaluations)
        ),
        mean_reward=middle.mean if middle else None,
        mean_reward_ci95=middle.ci95 if middle else None,
        best_reward=mean([max(of_context) for of_context in rewards]),
        best_reward_left_out=best_left_out(turn.attempts, score, repeats=repeats) if score and repeats else None,
        selection=selection_noise(turn.attempts, baselines, repeats=repeats),
    )


def _known(rewards: Iterable[float | None]) -> list[float]:
    return [reward for reward in rewards if reward is not None]


def _at_first(attempt: Attempt, score: Score | None, repeats: int | None) -> float | None:
    """The reward before any extra repeat."""
    if score is None or repeats is None or len(attempt.evaluations) <= repeats:
        return attempt.reward
    return score(replace(attempt, evaluations=attempt.evaluations[:repeats]))


def shares(labels: Iterable[str]) -> dict[str, float]:
    """The share of each label, most frequent first."""
    counts = Counter(labels)
    return {label: count / counts.total() for label, count in counts.most_common()}
