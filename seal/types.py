"""The values that pass between the rooms. Frozen, plain, and JSON all the way down: each can be a record.

The story they tell: a `Context` makes the policy write a `SelfEdit`, which is parsed to a `Plan` (or is `Invalid`);
training by the plan gives an adapter, which has `Answered` (or there is a `Failure`); the answers get `Verdict`s, which
make an `Evaluation`; the evaluations of one self-edit make an `Attempt` with its reward; attempts make an `Update` of
the `Policy`.
This module imports nothing of seal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import Field

Result = TypeVar("Result")

ALL_LINEAR = "all-linear"
"""As a target of adapters: every linear layer but the output head, as PEFT means it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Something to ask a model, as a rule without the context it is about."""

    question: str
    """As a grader should read it."""
    prompt: str
    """As a model is asked it."""
    target: str
    """The right answer; empty where nobody has told it, so that no answer can be graded."""
    kind: str = ""
    """What sort of question it is, for example `direct` or `reversal`; each has a row of its own. Empty: no sort."""
    also: Annotated[tuple[str, ...], Field(exclude_if=lambda value: not value)] = ()
    """Answers that are right too."""

    @property
    def accepted(self) -> tuple[str, ...]:
        """All right answers, of which the best fit counts; none where nobody has told them."""
        return (self.target, *self.also) if self.target else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Something new to learn: a passage with its title, and the queries that tell whether it was learned."""

    id: str
    title: str
    text: str
    queries: tuple[Query, ...]

    @property
    def n_gradable(self) -> int:
        """Queries whose right answer is known."""
        return sum(bool(query.target) for query in self.queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a model continues a prompt."""

    temperature: float
    """0 takes the most likely token each time."""
    top_p: float
    """Sampling is from the smallest set of tokens that has this probability in all."""
    max_new_tokens: int
    stops: tuple[str, ...] = ()
    """Strings that end the text; what follows the first of them, and the string itself, is cut."""
    json_schema: str | None = None
    """Where the engine can hold a model to one: the JSON schema that the text follows, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """How a text was continued."""

    text: str
    finished: bool
    """False if it was cut at the token limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfEdit:
    """What the policy wrote about a context, for its own training. Number `index` of those sampled."""

    context_id: str
    index: int
    text: str
    finished: bool
    """False if the text was cut at the token limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSequence:
    """A text to train on. Characters before `trained_from` are read, not learned."""

    text: str
    trained_from: int = 0
    reply_from: int | None = None
    """Where the answer to what stands before it begins: a model that is chatted with is shown the two as a message and
    its reply. None for a text that is none of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a self-edit says to train on, and which settings of the inner loop it overrides."""

    sequences: tuple[TrainingSequence, ...]
    settings: Mapping[str, float | int | str] = field(default_factory=dict)

    def with_settings(self, settings: Mapping[str, float | int | str]) -> "Plan":
        """The same sequences; these settings take the place of its own."""
        return Plan(sequences=self.sequences, settings={**self.settings, **settings})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A self-edit that says nothing one could train on. It trains nothing and earns a reward of 0; counted apart."""

    reason: str


class Grade(StrEnum):
    """What a grader says of an answer. Unknown is no verdict: it is left out of every accuracy, and counted."""

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
    """All that the model wrote, where the answer is only a part of it."""
    points: Annotated[float | None, Field(exclude_if=lambda value: value is None)] = None
    """From 0 to 1, where the grader gives parts of a point; None follows the grade."""

    @property
    def score(self) -> float | None:
        """From 0 to 1: the points, or 1 for a correct and 0 for a wrong answer; None without a verdict."""
        if self.grade is Grade.UNKNOWN:
            return None
        return float(self.grade is Grade.CORRECT) if self.points is None else self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What one inner-loop training did."""

    n_sequences: int
    n_tokens: int
    """Trained tokens of one epoch."""
    losses: tuple[float, ...]
    """Mean loss in nats per trained token, one an optimizer step."""
    trained_tokens: int = 0
    """Trained tokens of all optimizer steps together; 0 in records of SEAL 0.1, which did not count them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one model said to all queries of one context, in their order; not graded yet."""

    seed: int
    training: Training | None
    """None for the unadapted model."""
    answers: tuple[str, ...]
    """One a prompt: a task may put a query in several ways."""
    cut: tuple[int, ...] = ()
    """Which of them, counted from 0, were cut at the token limit. Earlier records do not say so, and have none."""

    @property
    def completions(self) -> tuple[Completion, ...]:
        """The answers as they were written."""
        return tuple(Completion(text=text, finished=at not in self.cut) for at, text in enumerate(self.answers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One model asked all queries of one context: the verdicts stand in the order of the queries."""

    seed: int
    training: Training | None
    """None for the unadapted model."""
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A piece of work that broke, with the reason. It is never a score: it has no reward and is counted."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Somebody else did not do their part: a server was silent, or made no sense. Never recorded, so asked again."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Postponed(Generic[Result]):
    """A unit that was not done for no fault of its own. It is tried once more, and then stops the run, resumably."""

    reason: str
    instead: Result | None = None
    """What would be recorded if it has to settle for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What some calls to an endpoint took."""

    n_calls: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What a reader made of a self-edit, without anything being trained."""

    scores: Mapping[str, int]
    """Points by criterion; empty where the reader was not understood."""
    reason: str = ""
    """Why there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A self-edit tried out: its plan, how the unadapted model did, how each repeat did, and the reward."""

    context: Context
    self_edit: SelfEdit
    plan: Plan | Invalid
    baseline: Evaluation | Failure
    evaluations: tuple[Evaluation | Failure, ...]
    """One a repeat; empty if the plan is invalid, or if a rating was enough."""
    rating: Rating | None = None
    """Where the reward asks for one."""
    reward: float | None = None
    """None if nothing is known, for example when every repeat failed."""

    @property
    def name(self) -> str:
        return f"{self.context.id}/{self.self_edit.index}"

    @property
    def worked(self) -> list[Evaluation]:
        """Its repeats that did not fail."""
        return [one for one in self.evaluations if isinstance(one, Evaluation)]

    @property
    def before(self) -> Evaluation | None:
        """The unadapted model on the same queries; None if asking it failed."""
        return self.baseline if isinstance(self.baseline, Evaluation) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """An attempt that the policy learns from, and how much."""

    attempt: Attempt
    weight: float = 1.0
    """1 makes it likelier, as in supervised fine-tuning; below 0 it becomes less likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The model that writes self-edits and is adapted by them, after `round` updates."""

    round: int
    weights: str | None = None
    """The folder of the updated weights, inside the run's folder; None for the model as it was given."""
    branch: str = ""
    """Where a policy goes on in several ways, which of them this is, for example `sequence_2/step_3`."""

    @property
    def id(self) -> str:
        return f"round_{self.round}/{self.branch}" if self.branch else f"round_{self.round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a policy learned from: the self-edits that were kept, the losses of its fine-tuning, its new weights."""

    round: int
    """Of the policy that results."""
    kept: tuple[str, ...]
    """Names of the self-edits, as `context/index`."""
    losses: tuple[float, ...]
    weights: str | None
    """As in `Policy`; None if nothing was kept and the policy stays as it was."""
    sha256: str | None
    """Of the weight files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An adapter on disk, for as long as its budget has room."""

    folder: str
    """Inside the run's folder."""
    n_bytes: int
    round: int
    """Of the policy that it belongs to."""
    reward: float
    """Of the self-edit that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One turn of the outer loop: the policy that acted, what it tried, and the policy that came of it."""

    index: int
    policy: Policy
    attempts: tuple[Attempt, ...]
    update: Update
    next: Policy
