"""The room of self-edits: the prompts that ask for them, and the parsers that turn them into training plans."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import Field, NonNegativeFloat, PositiveInt

from seal.authorship import Author
from seal.settings import Chosen, Option, Rooms, option
from seal.types import Completion, Context, Failure, Invalid, Plan, Sampling, SelfEdit, Unavailable

Continue = Callable[[Sequence[tuple[str, int]], Sampling], Sequence[Completion | Unavailable]]
"""Continues prompts, each with its seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Self-edit number `index` about a context, before it is written."""

    context: Context
    index: int
    seed: int


@option
class SelfEditFormat(Option, ABC):
    """The format of self-edits: its prompt, and the parser that reads it."""

    teachable: ClassVar[bool] = True
    """True if a self-edit is one completion of one prompt. Only then can a policy learn to write it."""

    about_puzzles: ClassVar[bool] = False
    """True if self-edits are about puzzles of grids, not about passages."""
    unedited_setting: ClassVar[str] = "passage_only"
    """Name of the row in which the model is trained on the context without a self-edit."""

    temperature: NonNegativeFloat = 1.0
    """Sampling temperature; 0 takes the most likely token."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    """The sampler keeps the smallest set of tokens with this total probability."""
    max_new_tokens: PositiveInt = 1024
    """Maximum length of a self-edit. A longer one is cut, and used."""

    def faults(self, run: Chosen) -> Iterator[str]:
        if self.about_puzzles != run.task.of_puzzles:
            right = "augmentations" if run.task.of_puzzles else "implications"
            yield (f"self_edit: it does not fit this task: choose for example self_edit={right}, or another task")
        if self.needs_chat and not run.model.chat and run.writer is None:
            yield (
                "self_edit: this template is written for a chat model: set model.chat=true, or choose another self_edit"
            )
        if self.n_requests and self.sampling.json_schema and not (run.writer or run.engine).constrains:
            yield (
                "self_edit.constrained: this engine cannot constrain a policy to JSON: set it to false, or choose "
                "engine=vllm, engine=vllm_server or engine=openai"
            )
        if run.recipe.learns and not self.teachable:
            yield (
                "self_edit: a policy cannot learn to write these self-edits: choose recipe=evaluate, or another "
                "self_edit"
            )

    def author(self, run: Rooms) -> Author:
        """Who writes them; by default the policy, or the other model that writes in its place."""
        if other := (run.writer or run.engine).other_model:
            return Author(by="model", name=other)
        return Author(name=run.model.learned_in)

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_new_tokens=self.max_new_tokens)

    @property
    def turns(self) -> int:
        """How often the policy may write again, until there are enough usable self-edits."""
        return 1

    def usable(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        """The self-edits of a context that count towards the wanted number; all by default."""
        return list(self_edits)

    def preferred(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        """The same self-edits, usable ones first."""
        usable = self.usable(context, self_edits)
        return usable + [edit for edit in self_edits if edit not in usable]

    def practised_in(self, number: int) -> Self:
        """The format that parses the self-edits of a training round. Rounds count from 1."""
        return self

    @property
    def needs_chat(self) -> bool:
        """True if the prompt is written for a chat model."""
        return False

    @property
    def n_requests(self) -> int:
        """Maximum number of completions for one self-edit; 0 if no model writes it."""
        return 1

    def fingerprint(self) -> str | None:
        """A hash of the files that self-edits are read from; None if a model writes them.

        Raises:
            DataError: a file cannot be read.
        """
        return None

    def faults_of_data(self, wanted: Iterable[tuple[Context, int]]) -> list[str]:
        """Why the wanted number of self-edits about each context cannot be provided; empty if it can."""
        return []

    @abstractmethod
    def prompt(self, context: Context) -> str:
        """The prompt for a self-edit about a context."""

    def write(self, assignments: Sequence[Assignment], go_on: Continue) -> Sequence[Completion | Unavailable]:
        """One text per assignment, in order. By default it is the completion of the prompt."""
        return go_on([(self.prompt(each.context), each.seed) for each in assignments], self.sampling)

    def read(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid | Failure:
        """What the self-edit says to train on; a failure where there is no text, which is never a score."""
        return Failure(reason=self_edit.failure) if self_edit.failure else self.parse(context, self_edit)

    @abstractmethod
    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        """The training plan of a self-edit. Never raises: a text that cannot be parsed is `Invalid`."""

    @abstractmethod
    def unedited(self, context: Context) -> Plan:
        """The plan for training on the context alone, without a self-edit: the baseline `passage_only`."""
