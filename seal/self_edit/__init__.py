"""The room of self-edits: how one is asked for, and how its text becomes a plan of what to train on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import Field, NonNegativeFloat, PositiveInt

from seal.settings import Chosen, Option, option
from seal.types import Completion, Context, Invalid, Plan, Sampling, SelfEdit, Unavailable

Continue = Callable[[Sequence[tuple[str, int]], Sampling], Sequence[Completion | Unavailable]]
"""Continues prompts, each with its seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Self-edit number `index` about a context, to be written."""

    context: Context
    index: int
    seed: int


@option
class SelfEditFormat(Option, ABC):
    """What a self-edit looks like. Asking for it and parsing it stand side by side."""

    teachable: ClassVar[bool] = True
    """Whether a self-edit is one completion of one prompt, so that a policy can learn to write it."""

    about_puzzles: ClassVar[bool] = False
    """Whether it is about puzzles of grids instead of passages."""
    unedited_setting: ClassVar[str] = "passage_only"
    """What the setting is called in which a context adapts the model without any self-edit."""

    temperature: NonNegativeFloat = 1.0
    """Of the sampler; 0 takes the most likely token."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    """The sampler keeps the smallest set of tokens with this probability in all."""
    max_new_tokens: PositiveInt = 1024
    """A self-edit is cut at this length; the rest of it is used."""

    def faults(self, run: Chosen) -> Iterator[str]:
        if self.about_puzzles != run.task.of_puzzles:
            right = "augmentations" if run.task.of_puzzles else "implications"
            yield (
                f"self_edit: it is not about what this task has: choose self_edit={right}, for example, or another task"
            )
        if self.needs_chat and not run.model.chat and run.writer is None:
            yield (
                "self_edit: this template is a message to a chat model: set model.chat=true, or choose another "
                "self_edit"
            )
        if self.n_requests and self.sampling.json_schema and not (run.writer or run.engine).constrains:
            yield (
                "self_edit.constrained: this engine cannot hold a policy to JSON: set it to false, or choose "
                "engine=vllm, engine=vllm_server or engine=openai"
            )
        if run.recipe.learns and not self.teachable:
            yield (
                "self_edit: a policy cannot learn to write these self-edits: choose recipe=evaluate, or another "
                "self_edit"
            )

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_new_tokens=self.max_new_tokens)

    @property
    def turns(self) -> int:
        """How often the policy may write for as many self-edits as are wanted."""
        return 1

    def usable(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        """Those of a context's self-edits that count as written; all by default."""
        return list(self_edits)

    def preferred(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        """The same self-edits, usable ones first."""
        usable = self.usable(context, self_edits)
        return usable + [edit for edit in self_edits if edit not in usable]

    def practised_in(self, number: int) -> Self:
        """The format in which self-edits are read that a round of practice, from 1, tries out."""
        return self

    @property
    def needs_chat(self) -> bool:
        """Whether the prompt is worded for a model that is chatted with."""
        return False

    @property
    def n_requests(self) -> int:
        """At most how many texts one self-edit takes; 0 where nobody is asked for any."""
        return 1

    def fingerprint(self) -> str | None:
        """A hash of what self-edits are read from, besides the settings; None where they are written.

        Raises:
            DataError: it cannot be read.
        """
        return None

    def faults_of_data(self, wanted: Iterable[tuple[Context, int]]) -> list[str]:
        """Why so many self-edits about each of these contexts cannot be had; empty if they can."""
        return []

    @abstractmethod
    def prompt(self, context: Context) -> str:
        """What the policy is shown to make it write a self-edit about a context."""

    def write(self, assignments: Sequence[Assignment], go_on: Continue) -> Sequence[Completion | Unavailable]:
        """One text an assignment, in order; by default what the prompt is continued with."""
        return go_on([(self.prompt(each.context), each.seed) for each in assignments], self.sampling)

    @abstractmethod
    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        """What the self-edit says to train on. Never raises: foreign text that means nothing is `Invalid`."""

    @abstractmethod
    def unedited(self, context: Context) -> Plan:
        """What training on the context alone, without any self-edit, is: the baseline `passage_only`."""
