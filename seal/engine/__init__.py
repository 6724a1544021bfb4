"""The room of engines: who generates text, for self-edits and for answers alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from seal.settings import Chosen, Option, option
from seal.types import Completion, Policy, Sampling, Unavailable, Usage

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbones

Spend = Callable[[Usage], None]
"""Told of each paid call."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """One text to be continued."""

    prompt: str
    seed: int
    """Of this text alone: the same request gives the same text in whichever company it is made."""
    adapter: "Adaptation | None" = None
    """The model that continues it is the policy with this adapter, or with these weights."""


class Generator(Protocol):
    """Somebody who continues texts as one policy."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Sequence[Completion | Unavailable]:
        """One completion a request, in order; or why there is none, where somebody else had to write it."""


@option
class Engine(Option, ABC):
    """A way of making a policy write."""

    serves_policies: ClassVar[bool] = True
    """Whether it writes with the policy's own weights, whatever they learned; else it is somebody else who writes."""
    serves_adapters: ClassVar[bool] = True
    """Whether it writes with an adapter beside those weights."""
    serves_dora: ClassVar[bool] = True
    """Whether that adapter may be one of DoRA."""
    serves_weights: ClassVar[bool] = True
    """Whether it writes with other weights in their place, as full fine-tuning makes them."""
    hosts_policies: ClassVar[bool] = False
    """Whether it loads the policy's weights itself, outside of `Backbones`, and wants the device for them."""
    constrains: ClassVar[bool] = False
    """Whether it can hold a model to a JSON schema, so that nothing else can be written."""
    repeats_batches: ClassVar[bool] = True
    """True if output is reproducible only when the same batch is generated together."""

    @property
    def other_model(self) -> str:
        """Whose texts they are, where it is not the policy that writes; empty where it is."""
        return ""

    @property
    def context_length(self) -> int | None:
        """Tokens of a prompt with its continuation that it takes; None if only the model sets a limit."""
        return None

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """How many requests are worth giving to `generate` at once."""

    def faults(self, run: Chosen) -> Iterator[str]:
        """Only who answers meets what the inner loop makes; a writer of self-edits alone does not."""
        if not run.inner.adapts or self is run.writer:
            return
        if not self.serves_adapters:
            yield (
                "engine: a served model cannot answer with adapters: choose inner=none, or engine=transformers with "
                "engine@writer=openai to have it write the self-edits only"
            )
        elif not run.inner.makes_adapters and not self.serves_weights:
            yield "engine: only engine=transformers answers with weights trained as a whole: choose it, or inner=lora"
        elif run.inner.makes_dora and not self.serves_dora:
            yield "inner: vLLM does not serve adapters of DoRA: choose inner=lora, or engine=transformers"

    def forecast(self, *, n_requests: int, prompt_characters: float, sampling: Sampling) -> Usage:
        """At most what so many requests take from a paid endpoint; nothing by default."""
        return Usage(n_calls=0)

    def ready(self) -> None:  # most options need nobody
        """Whoever it needs is there.

        Raises:
            RunError: they cannot be reached.
        """

    @abstractmethod
    def generator(self, policy: Policy, backbones: "Backbones", spend: Spend) -> Generator:
        """The policy, ready to write. `spend` is told of each paid call."""
