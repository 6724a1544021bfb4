"""The room of models: which weights, in which precision, where. `seal.nn.backbone` does the loading."""

import re
from abc import ABC
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator

from seal.chat import OURS, Chat, template_of
from seal.settings import Chosen, Option, PathOrName, option

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from seal.model.registry import ShippedModel

_POLICY = re.compile(r"(?P<run>[^/]+)/policies/(?P<policy>round_[1-9]\d*)/?$")
"""A policy in the folder of the run that it was learned in."""
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9]\d?))?")


def _of_torch(name: str) -> str:
    if not _DEVICE.fullmatch(name):
        raise ValueError("a device is auto, cpu, mps, cuda or cuda:N")
    return name


def _for_a_template(arguments: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    for name in arguments or ():
        if not name.isidentifier():
            raise ValueError(f"'{name}' is no name that a template can know")
        if name in OURS:
            raise ValueError(f"'{name}' is told by SEAL itself: leave it out")
    return arguments


@option
class Model(Option, ABC):
    """A causal language model with its tokenizer, in the layout of Hugging Face."""

    path: PathOrName
    """A folder with config.json, weights as safetensors and a tokenizer; or a name on the hub."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null is the newest."""
    dtype: Literal["float32", "float64", "bfloat16", "float16"] = "float32"
    """Of the base weights; adapters are always trained in at least float32."""
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    """Which attention kernel of transformers is used."""
    device: Annotated[str, AfterValidator(_of_torch)] = "auto"
    """`auto` takes the first GPU if there is one, else the CPU; or as torch names it, for example `cuda:1`."""
    chat: bool | Literal["auto"] = "auto"
    """Whether prompts are wrapped as a user's message in the tokenizer's chat template; `auto`: if it has one."""
    template_arguments: Annotated[Mapping[str, Any] | None, AfterValidator(_for_a_template)] = None
    """What the chat template is told besides, for example `{enable_thinking: false}`; its own text says what it knows.
    """
    trust_remote_code: bool = False
    """Whether code that comes with the weights may run. Only for sources you trust."""

    def messages(self, tokenizer: "PreTrainedTokenizerBase") -> Chat | None:
        """How prompts become messages; None where they are plain text."""
        wanted = template_of(tokenizer) is not None if self.chat == "auto" else self.chat
        return Chat(arguments=self.template_arguments or {}) if wanted else None

    def faults(self, run: Chosen) -> Iterator[str]:
        if self.template_arguments and not self.chat and run.engine.serves_policies:
            yield "model.template_arguments: without a chat no template is told them: set model.chat=true"

    @property
    def learned_in(self) -> str:
        """The run and round in which these weights learned to write self-edits; empty where their path names none."""
        found = _POLICY.search(self.path)
        return f"{found['run']}/{found['policy']}" if found else ""

    @property
    def shipped(self) -> "ShippedModel | None":
        """Where `path` comes from, if a package registry ships it."""
        return None
