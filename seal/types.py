"""The values that pass between the rooms. They are frozen and consist only of JSON types, so each can be a record.

The policy writes a `SelfEdit` about a `Context`. It is parsed to a `Plan`, or is `Invalid`. Training on the plan gives
an adapter. The adapted model's answers are `Answered`, or there is a `Failure`. Grading turns answers into `Verdict`s,
and these make an `Evaluation`. The evaluations of one self-edit make an `Attempt` with its reward. Attempts make an
`Update` of the `Policy`.

This module imports nothing from seal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import Field

Result = TypeVar("Result")

ALL_LINEAR = "all-linear"
"""A target of adapters: every linear layer except the output head, as in PEFT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question about a context. As a rule, the model sees it without the context."""

    question: str
    """The question for the grader."""
    prompt: str
    """The question for the model."""
    target: str
    """The right answer. Empty if it is unknown; then answers cannot be graded."""
    kind: str = ""
    """The kind of question, for example `direct` or `reversal`. Each kind has its own row. May be empty."""
    also: Annotated[tuple[str, ...], Field(exclude_if=lambda value: not value)] = ()
    """Answers that are right too."""
    options: Annotated[tuple[str, ...], Field(exclude_if=lambda value: not value)] = ()
    """What can be chosen from, in the order of its letters. Empty if the question is open."""

    @property
    def accepted(self) -> tuple[str, ...]:
        """All right answers, of which the best fit counts; none where nobody has told them."""
        return (self.target, *self.also) if self.target else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Something new to learn: a passage with its title, and queries that test what was learned."""

    id: str
    title: str
    text: str
    queries: tuple[Query, ...]

    @property
    def n_gradable(self) -> int:
        """Number of queries with a known right answer."""
        return sum(bool(query.target) for query in self.queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The sampling settings of a completion."""

    temperature: float
    """0 always takes the most likely token."""
    top_p: float
    """The sampler keeps the smallest set of tokens with this total probability."""
    max_new_tokens: int
    stops: tuple[str, ...] = ()
    """Strings that end the text. The text is cut before the first of them."""
    json_schema: str | None = None
    """A JSON schema for the text, as JSON, if the engine can constrain the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The completion of a prompt."""

    text: str
    """Without thoughts before it."""
    finished: bool
    """False if the text was cut at the token limit."""
    thought: str = ""
    """What the model thought before the text, with its markers."""
    failure: str = ""
    """Why there is no text: the model wrote nothing that means anything. It is never a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfEdit:
    """A text that the policy wrote about a context, for its own training. `index` counts the samples."""

    context_id: str
    index: int
    text: str
    finished: bool
    """False if the text was cut at the token limit."""
    thought: Annotated[str, Field(exclude_if=lambda value: not value)] = ""
    """As in `Completion`: nobody is trained on it."""
    failure: Annotated[str, Field(exclude_if=lambda value: not value)] = ""
    """As in `Completion`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSequence:
    """A text to train on. Characters before `trained_from` are only read."""

    text: str
    trained_from: int = 0
    reply_from: int | None = None
    """Start of the reply. A chat model sees the text before it as a message, and the rest as the reply. None for a
    plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The training sequences of a self-edit, and the inner-loop settings that it overrides."""

    sequences: tuple[TrainingSequence, ...]
    settings: Mapping[str, float | int | str] = field(default_factory=dict)
    n_dropped: int = 0
    """Sequences that the self-edit has beside these, beyond the most that its format keeps."""
    watched: tuple[TrainingSequence, ...] = ()
    """Texts that are not trained on. How likely the model finds them is measured now and then as it learns."""

    def with_settings(self, settings: Mapping[str, float | int | str]) -> "Plan":
        """The same sequences with these settings added. They replace equal keys."""
        return replace(self, settings={**self.settings, **settings})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A self-edit that contains nothing to train on. Its reward is 0. It is counted separately."""

    reason: str


class Grade(StrEnum):
    """A grader's judgement. Unknown means no verdict: the answer is left out of every accuracy, and counted."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One graded answer."""

    grade: Grade
    answer: str
    grader: str
    reason: str = ""
    written: str = ""
    """The whole text, if the answer is only a part of it."""
    points: Annotated[float | None, Field(exclude_if=lambda value: value is None)] = None
    """From 0 to 1, if the grader gives partial credit. None follows the grade."""

    @property
    def score(self) -> float | None:
        """The points from 0 to 1; else 1 for a correct answer and 0 for a wrong one; None without a verdict."""
        if self.grade is Grade.UNKNOWN:
            return None
        return float(self.grade is Grade.CORRECT) if self.points is None else self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How likely a model finds the watched texts, at one point of its training."""

    step: int
    """Optimizer steps before it."""
    log_likelihood: float
    """Mean over the texts of their mean over trained-on tokens, in nats per token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The record of one inner-loop training."""

    n_sequences: int
    n_tokens: int
    """Trained tokens of one epoch."""
    losses: tuple[float, ...]
    """Mean loss in nats per trained token, one per optimizer step."""
    trained_tokens: int = 0
    """Trained tokens over all optimizer steps. 0 in records of SEAL 0.1, which did not count them."""
    watched: Annotated[tuple[Watched, ...], Field(exclude_if=lambda value: not value)] = ()
    """From before the first step to after the last; empty if nothing was watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answers of one model to all queries of one context, in order, before grading."""

    seed: int
    training: Training | None
    """None for the unadapted model."""
    answers: tuple[str, ...]
    """One per prompt. A task may ask a query with several prompts."""
    cut: tuple[int, ...] = ()
    """Indices of answers that were cut at the token limit. Always empty in old records."""
    thoughts: Annotated[Mapping[int, str], Field(exclude_if=lambda value: not value)] = field(default_factory=dict)
    """What the model thought before them, by index."""
    failures: Annotated[Mapping[int, str], Field(exclude_if=lambda value: not value)] = field(default_factory=dict)
    """Why there is no answer, by index."""

    @property
    def completions(self) -> tuple[Completion, ...]:
        """The answers as completions."""
        return tuple(
            Completion(
                text=text,
                finished=at not in self.cut,
                thought=self.thoughts.get(at, ""),
                failure=self.failures.get(at, ""),
            )
            for at, text in enumerate(self.answers)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The verdicts of one model on all queries of one context, in the order of the queries."""

    seed: int
    training: Training | None
    """None for the unadapted model."""
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Work that failed, with the reason. It is never a score: it has no reward, and is counted."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """An external service did not answer, or its reply was unreadable. This is never recorded, so SEAL asks again."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Postponed(Generic[Result]):
    """A unit that failed because of an external service. SEAL tries once more, then stops the run, which can resume."""

    reason: str
    instead: Result | None = None
    """The incomplete result, which may be recorded if the unit fails again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The calls, tokens and cost of requests to an endpoint."""

    n_calls: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """The points that a language model gives a self-edit for reading it. Nothing is trained."""

    scores: Mapping[str, int]
    """Points by criterion; empty if the reply was unreadable."""
    reason: str = ""
    """Why there are no points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A self-edit tried out: its plan, the unadapted model's evaluation, one evaluation per repeat, and the reward."""

    context: Context
    self_edit: SelfEdit
    plan: Plan | Invalid | Failure
    baseline: Evaluation | Failure
    evaluations: tuple[Evaluation | Failure, ...]
    """One per repeat; empty if the plan is invalid, or if a rating is enough."""
    rating: Rating | None = None
    """The rating, if the reward needs one."""
    reward: float | None = None
    """None if unknown, for example if every repeat failed."""

    @property
    def name(self) -> str:
        return f"{self.context.id}/{self.self_edit.index}"

    @property
    def worked(self) -> list[Evaluation]:
        """The evaluations of repeats that did not fail."""
        return [one for one in self.evaluations if isinstance(one, Evaluation)]

    @property
    def before(self) -> Evaluation | None:
        """The evaluation of the unadapted model; None if it failed."""
        return self.baseline if isinstance(self.baseline, Evaluation) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """An attempt that the policy learns from, with its weight."""

    attempt: Attempt
    weight: float = 1.0
    """1 means supervised fine-tuning on the self-edit. Below 0, the self-edit becomes less likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The model that writes self-edits and is adapted by them, after `round` updates."""

    round: int
    weights: str | None = None
    """The folder of the updated weights, inside the run's folder; None for the given model."""
    branch: str = ""
    """The branch, if several policies start from one model, for example `sequence_2/step_3`."""

    @property
    def id(self) -> str:
        return f"round_{self.round}/{self.branch}" if self.branch else f"round_{self.round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The record of a policy update: its self-edits with their weights, the losses of the fine-tuning, the new
    weights."""

    round: int
    """Round of the resulting policy."""
    kept: tuple[str, ...]
    """Names of the self-edits that the policy learned to write, as `context/index`."""
    losses: tuple[float, ...]
    weights: str | None
    """As in `Policy`. Unchanged if there was nothing to learn from."""
    sha256: str | None
    """Hash of the weight files."""
    signed: Annotated[Mapping[str, float], Field(exclude_if=lambda weights: not weights)] = field(default_factory=dict)
    """The weight of each self-edit in the loss, by name. Above 0 it becomes more likely, below 0 less likely. Empty if
    every kept one has the weight 1, as in supervised fine-tuning."""

    @property
    def learned(self) -> Mapping[str, float]:
        """The weight of every self-edit that the policy learned from, in either direction."""
        return self.signed or dict.fromkeys(self.kept, 1.0)

    @property
    def suppressed(self) -> tuple[str, ...]:
        """Names of the self-edits that became less likely."""
        return tuple(name for name, weight in self.signed.items() if weight < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An adapter kept on disk, as long as the budget allows."""

    folder: str
    """Path inside the run's folder."""
    n_bytes: int
    round: int
    """Round of its policy."""
    reward: float
    """Reward of its self-edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of the outer loop: the policy, its attempts, the update, and the next policy."""

    index: int
    policy: Policy
    attempts: tuple[Attempt, ...]
    update: Update
    next: Policy
