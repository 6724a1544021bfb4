"""The room of self-edits: how one is asked for, and how its text becomes a plan of what to train on."""

from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt

from seal.settings import option
from seal.types import Context, Invalid, Plan, Sampling, SelfEdit


@option
class SelfEditFormat(ABC):
    """What a self-edit looks like. Asking for it and parsing it stand side by side."""

    temperature: NonNegativeFloat
    """Of the sampler; 0 takes the most likely token."""
    top_p: Annotated[float, Field(gt=0, le=1)]
    """The sampler keeps the smallest set of tokens with this probability in all."""
    max_new_tokens: PositiveInt
    """A self-edit is cut at this length; the rest of it is used."""

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_new_tokens=self.max_new_tokens)

    @abstractmethod
    def prompt(self, context: Context) -> str:
        """What the policy is shown to make it write a self-edit about a context."""

    @abstractmethod
    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        """What the self-edit says to train on. Never raises: foreign text that means nothing is `Invalid`."""

    @abstractmethod
    def unedited(self, context: Context) -> Plan:
        """What training on the context alone, without any self-edit, is: the baseline `passage_only`."""
