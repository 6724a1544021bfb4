"""The room of recipes: which procedure a run is. A recipe tells a story with the verbs of `seal.loop`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import PositiveInt

from seal.inner import TYPICAL_SEQUENCES
from seal.settings import Chosen, Option, option
from seal.types import Context

if TYPE_CHECKING:
    from seal.outer import Outer
    from seal.stats.results import Results
    from seal.task import Contexts
    from seal.work.lab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How much a run will do, counted before it starts."""

    self_edits: int = 0
    trainings: int = 0
    """Of the inner loop."""
    sequences_per_training: int = TYPICAL_SEQUENCES
    """An estimate, and of different trainings the largest."""
    asked_apart: int = 0
    """Contexts asked about in a unit of their own: the unadapted model, or one that was trained on all of them."""
    evaluations: int = 0
    """Contexts with which a model is examined: asked, and its answers graded."""
    answers: int = 0
    """Of adapted and unadapted models."""
    ratings: int = 0
    """Self-edits that are read for their reward."""
    policy_updates: int = 0

    @property
    def units(self) -> int:
        """Units of work, each of which will have a record."""
        done = self.self_edits + self.trainings + self.asked_apart + self.evaluations
        return done + self.ratings + self.policy_updates

    def __add__(self, other: "Forecast") -> "Forecast":
        return Forecast(
            self_edits=self.self_edits + other.self_edits,
            trainings=self.trainings + other.trainings,
            sequences_per_training=max(self.sequences_per_training, other.sequences_per_training),
            asked_apart=self.asked_apart + other.asked_apart,
            evaluations=self.evaluations + other.evaluations,
            answers=self.answers + other.answers,
            ratings=self.ratings + other.ratings,
            policy_updates=self.policy_updates + other.policy_updates,
        )


@option
class Recipe(Option, ABC):
    """A procedure from contexts to results."""

    needs_adapters: ClassVar[bool] = False
    """Whether it can only work with an inner loop that makes adapters."""
    needs_training: ClassVar[bool] = False
    """Whether it can only work with an inner loop that changes the model."""
    joins_self_edits: ClassVar[bool] = False
    """Whether several self-edits make one training, which then cannot have the settings that each of them asks for."""
    trains_apart: ClassVar[bool] = False
    """Whether its trainings come one after the other, each a job of the learner, and not many side by side."""

    @property
    def learns(self) -> bool:
        """Whether a policy changes on the way."""
        return False

    @property
    def adapters_kept(self) -> tuple[int, float | None]:
        """How many adapters it keeps in all, at most, and the gigabytes that they may take; None sets no limit."""
        return 0, None

    def faults(self, run: Chosen) -> Iterator[str]:
        if self.learns and not (run.writer or run.engine).serves_policies:
            yield "recipe: a policy that does not write the self-edits cannot learn to: choose recipe=evaluate"
        if self.needs_adapters and not run.inner.makes_adapters:
            yield "inner: this recipe hands out an adapter, but this inner loop makes none: choose inner=lora"
        elif self.needs_training and not run.inner.adapts:
            yield "inner: this recipe is about training, but this inner loop does none: choose inner=lora or inner=full"
        if self.joins_self_edits and run.self_edit.about_puzzles:
            yield (
                "recipe: it makes one training of many self-edits, but each of these has its own settings: choose "
                "another"
            )

    @abstractmethod
    def faults_of_data(self, contexts: "Contexts") -> list[str]:
        """Why these contexts do not do for this recipe; empty if they do."""

    def wanted(self, contexts: "Contexts") -> list[tuple[Context, int]]:
        """The contexts about which self-edits will be written, with how many of each; none by default."""
        return []

    @abstractmethod
    def forecast(self, contexts: "Contexts", outer: "Outer") -> Forecast:
        """How much there will be to do."""

    @abstractmethod
    def perform(self, lab: "Lab") -> "Results":
        """Do it."""


@option
class OfOnePart(Recipe):
    """A recipe that learns and asks about contexts of one part of the task."""

    part: Literal["held_out", "train", "all"] = "held_out"
    """Which of the task's contexts are asked about."""
    contexts: PositiveInt | None = None
    """How many of them are taken; null takes all."""

    def faults_of_data(self, contexts: "Contexts") -> list[str]:
        chosen = self.chosen(contexts)
        return without_queries(contexts, chosen) if chosen else [f"the part '{self.part}' of the task has no context"]

    def chosen(self, contexts: "Contexts") -> Sequence[Context]:
        part: Sequence[Context] = getattr(contexts, self.part)
        return part[: self.contexts]


def count_queries(contexts: Sequence[Context]) -> int:
    return sum(len(context.queries) for context in contexts)


def forecast_attempts(contexts: Sequence[Context], *, edits_per_context: int, repeats: int) -> Forecast:
    """Self-edits about contexts, each tried out `repeats` times, and the unadapted model asked once."""
    n_edits = len(contexts) * edits_per_context
    return Forecast(
        self_edits=n_edits,
        trainings=n_edits * repeats,
        asked_apart=len(contexts),
        evaluations=len(contexts) + n_edits * repeats,
        answers=count_queries(contexts) * (1 + edits_per_context * repeats),
    )


def forecast_practice(contexts: Sequence[Context], outer: "Outer", *, edits_per_context: int, repeats: int) -> Forecast:
    """At most what practising on contexts takes: self-edits worth trying, tried as often as the outer loop may want."""
    n_edits = len(contexts) * edits_per_context
    tries_each = outer.reward.n_tried(edits_per_context) * (repeats + outer.extra_repeats)
    return Forecast(
        self_edits=n_edits,
        trainings=len(contexts) * tries_each,
        asked_apart=len(contexts),
        evaluations=len(contexts) * (1 + tries_each),
        answers=count_queries(contexts) * (1 + tries_each),
        ratings=n_edits if outer.reward.rates else 0,
    )


def forecast_passages(contexts: Sequence[Context], *, repeats: int) -> Forecast:
    """Trainings on the contexts alone."""
    n_trainings = len(contexts) * repeats
    return Forecast(trainings=n_trainings, evaluations=n_trainings, answers=count_queries(contexts) * repeats)


def without_queries(contexts: "Contexts", needed: Sequence[Context]) -> list[str]:
    """A fault for each needed context that nothing can be asked about; one for all of them where there is a reason."""
    if contexts.unasked:
        return [f"this recipe asks questions: {contexts.unasked}"]
    return [
        f"{contexts.place(context)} ('{context.title}') has no question" for context in needed if not context.queries
    ]
