"""The room of engines: who generates text, for self-edits and for answers alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from seal.settings import option
from seal.types import Policy, Sampling

if TYPE_CHECKING:
    from seal.adapters import Adapter
    from seal.backbone import Backbones


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """One text to be continued."""

    prompt: str
    seed: int
    """Of this text alone: the same request gives the same text in whichever company it is made."""
    adapter: "Adapter | None" = None
    """The model that continues it is the policy with this adapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """How a text was continued."""

    text: str
    finished: bool
    """False if it was cut at the token limit."""


class Generator(Protocol):
    """Somebody who continues texts as one policy."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion]:
        """One completion a request, in order."""


@option
class Engine(ABC):
    """A way of making a policy write."""

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """How many requests are worth giving to `generate` at once."""

    @abstractmethod
    def generator(self, policy: Policy, backbones: "Backbones") -> Generator:
        """The policy, ready to write."""
