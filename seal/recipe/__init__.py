"""The room of recipes: the procedure of a run. A recipe is written with the verbs of `seal.loop`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pydantic import PositiveInt

from seal.inner import TYPICAL_SEQUENCES
from seal.settings import Chosen, Option, option
from seal.types import Context

if TYPE_CHECKING:
    from seal.stats.results import Results
    from seal.task import Contexts
    from seal.work.lab import Lab


Values = TypeVar("Values", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The work of a run, counted before it starts."""

    self_edits: int = 0
    trainings: int = 0
    """Trainings of the inner loop."""
    sequences_per_training: int = TYPICAL_SEQUENCES
    """An estimate. If trainings differ, the largest."""
    asked_apart: int = 0
    """Contexts asked in separate units: by the unadapted model, or by one model trained on all of them."""
    evaluations: int = 0
    """Evaluations: one model asked the queries of one context, and graded."""
    answers: int = 0
    """Answers of adapted and unadapted models."""
    ratings: int = 0
    """Self-edits that are read and rated."""
    policy_updates: int = 0
    exports: int = 0
    """Models that are read back before they are handed out."""

    @property
    def units(self) -> int:
        """Number of units of work. Each will have a record."""
        done = self.self_edits + self.trainings + self.asked_apart + self.evaluations
        return done + self.ratings + self.policy_updates + self.exports

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
            exports=self.exports + other.exports,
        )


@option
class Recipe(Option, ABC):
    """A procedure from contexts to results."""

    needs_adapters: ClassVar[bool] = False
    """True if the recipe requires an inner loop that makes adapters."""
    needs_training: ClassVar[bool] = False
    """True if the recipe requires an inner loop that changes the model."""
    joins_self_edits: ClassVar[bool] = False
    """True if one training uses several self-edits. Then single self-edits cannot set learning rate and epochs."""
    trains_apart: ClassVar[bool] = False
    """True if trainings run one after another as jobs of the learner, not many side by side."""

    @property
    def learns(self) -> bool:
        """True if the recipe updates the policy."""
        return False

    @property
    def hands_out_adapters(self) -> bool:
        """Whether adapters are left that PEFT has to be able to load."""
        return False

    @property
    def adapters_kept(self) -> tuple[int, float | None]:
        """Maximum number of adapters to keep, and their budget in gigabytes; None sets no limit."""
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
        """Why the recipe cannot use these contexts; empty if it can."""

    def left_out(self, contexts: "Contexts") -> Iterator[str]:
        """A note wherever fewer contexts or questions are measured than there are, or than the user asked for."""
        yield from ()

    def wanted(self, contexts: "Contexts", run: Chosen) -> list[tuple[Context, int]]:
        """The contexts that are asked about or need self-edits, each with the number of self-edits; empty by
        default."""
        return []

    @abstractmethod
    def forecast(self, contexts: "Contexts", run: Chosen) -> Forecast:
        """The work that the recipe will do beside the other choices of a run."""

    @abstractmethod
    def perform(self, lab: "Lab") -> "Results":
        """Perform the recipe, and return its results."""


@option
class OfOnePart(Recipe):
    """A recipe that learns and asks about the contexts of one part of the task."""

    part: Literal["held_out", "train", "all"] = "held_out"
    """The part of the task whose contexts are used."""
    contexts: PositiveInt | None = None
    """Number of contexts to use; null takes all."""

    def faults_of_data(self, contexts: "Contexts") -> list[str]:
        chosen = self.chosen(contexts)
        return without_queries(contexts, chosen) if chosen else [f"the part '{self.part}' of the task has no context"]

    def left_out(self, contexts: "Contexts") -> Iterator[str]:
        there, chosen = len(self.of_part(contexts)), len(self.chosen(contexts))
        yield from fewer_than_asked("recipe.contexts", self.contexts, there, "contexts")
        if contexts.parted_by and self.part != "all" and there < len(contexts.all):
            drawn = f"; recipe.contexts takes {chosen} of them" if chosen < there else ""
            yield (
                f"{there} of {len(contexts.all)} contexts are in the part '{self.part}' ({contexts.parted_by}), and "
                f"only these are asked about{drawn}; recipe.part=all asks about both parts"
            )

    def of_part(self, contexts: "Contexts") -> Sequence[Context]:
        found: Sequence[Context] = {
            "held_out": contexts.held_out,
            "train": contexts.train,
            "all": contexts.all,
        }[self.part]
        return found

    def chosen(self, contexts: "Contexts") -> Sequence[Context]:
        return self.of_part(contexts)[: self.contexts]


def fewer_than_asked(key: str, wanted: int | None, there: int, what: str) -> Iterator[str]:
    """That a setting asks for more than there is, so that all are taken."""
    if wanted is not None and wanted > there:
        yield f"{key} is {wanted}, but there are {there} {what}: all of them are taken"


def each_once(values: Values) -> Values:
    """What is measured twice in the same way tells nothing more.

    Raises:
        ValueError: a value stands twice.
    """
    if twice := [value for value in dict.fromkeys(values) if values.count(value) > 1]:
        raise ValueError(f"{twice[0]} stands more than once; each setting can be measured once")
    return values


def count_queries(contexts: Sequence[Context]) -> int:
    return sum(len(context.queries) for context in contexts)


def forecast_attempts(contexts: Sequence[Context], *, edits_per_context: int, repeats: int) -> Forecast:
    """The work to try out self-edits `repeats` times each, and to ask the unadapted model once per context."""
    n_edits = len(contexts) * edits_per_context
    return Forecast(
        self_edits=n_edits,
        trainings=n_edits * repeats,
        asked_apart=len(contexts),
        evaluations=len(contexts) + n_edits * repeats,
        answers=count_queries(contexts) * (1 + edits_per_context * repeats),
    )


def forecast_asked(contexts: Sequence[Context]) -> Forecast:
    """The work of asking a policy without adapting it."""
    return Forecast(asked_apart=len(contexts), evaluations=len(contexts), answers=count_queries(contexts))


def forecast_practice(contexts: Sequence[Context], run: Chosen, *, edits_per_context: int, repeats: int) -> Forecast:
    """The maximum work of a training round: all self-edits worth trying, with all extra repeats of the outer loop."""
    outer, n_edits = run.outer, len(contexts) * edits_per_context
    n_tried = outer.reward.n_tried(edits_per_context) if run.inner.adapts else 0
    tries_each = n_tried * (repeats + outer.extra_repeats)
    return Forecast(
        self_edits=n_edits,
        trainings=len(contexts) * tries_each,
        asked_apart=len(contexts),
        evaluations=len(contexts) * (1 + tries_each),
        answers=count_queries(contexts) * (1 + tries_each),
        ratings=n_edits if outer.reward.rates else 0,
    )


def forecast_passages(contexts: Sequence[Context], *, repeats: int) -> Forecast:
    """The work to train on each context alone, and ask."""
    n_trainings = len(contexts) * repeats
    return Forecast(trainings=n_trainings, evaluations=n_trainings, answers=count_queries(contexts) * repeats)


def without_queries(contexts: "Contexts", needed: Sequence[Context]) -> list[str]:
    """A fault for each needed context without queries. If the task knows a common reason, one fault for all."""
    if contexts.unasked:
        return [f"this recipe asks questions: {contexts.unasked}"]
    return [
        f"{contexts.place(context)} ('{context.title}') has no question" for context in needed if not context.queries
    ]
