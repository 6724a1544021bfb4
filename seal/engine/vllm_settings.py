"""What both ways of using vLLM (arXiv 2309.06180) share: its settings, and how it is asked so that texts mean the same.

vLLM is told token ids, so that templates and special tokens are those of `seal.text`; the end tokens are given with
each request, and the publisher's generation settings are switched off, as `seal.nn.backbone` does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from seal.engine import Engine, Request
from seal.engine.reading import Reader, completion_of
from seal.settings import Chosen, FileOrFolder, option
from seal.text import encode_text, prompt_text
from seal.thoughts import opens
from seal.types import Completion, Sampling, Unavailable

if TYPE_CHECKING:
    from seal.model import Model
    from seal.nn.backbone import Stored

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The values that vLLM allows for the largest rank (`MaxLoRARanks` in its `config/lora.py`)."""
_DTYPES = ("bfloat16", "float16", "float32")


@option
class VLLMSettings(Engine):
    """The settings of an engine of vLLM's."""

    hosts_policies: ClassVar[bool] = True
    serves_dora: ClassVar[bool] = False
    constrains: ClassVar[bool] = True
    serves_weights: ClassVar[bool] = False

    max_rank: Annotated[int, Field(ge=0, le=LORA_RANKS[-1])] = 32
    """Of the adapters; the YAML takes `inner.rank`, and 0 loads none. vLLM gets the smallest rank it allows that is not
    below."""
    max_loras: PositiveInt = 8
    """Adapters in one batch on the GPU; each reserves memory there for its rank."""
    max_cpu_loras: PositiveInt | None = 32
    """Adapters loaded at the same time, the others in host memory; null is as many as `max_loras`."""
    loads_per_start: PositiveInt = 500
    """After so many adapters vLLM is started anew: what is unloaded may stay in host memory
    (vllm-project/vllm#42207)."""
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.4
    """The share of the GPU's memory that vLLM takes, all in all. The inner loop needs what is left."""
    max_model_len: PositiveInt | None = None
    """Tokens of a prompt with its continuation; null takes the model's own limit."""
    enforce_eager: bool = False
    """Whether CUDA graphs are left out: starts faster and takes less memory, writes slower."""
    adapter_folder: FileOrFolder | None = None
    """Where adapters are written for vLLM to read; null is `/dev/shm`, or the folder for temporary files."""
    adapter_budget_gb: PositiveFloat | None = None
    """What they may take there at once: no more are loaded together than have room. null takes what is free."""

    @property
    def loaded_together(self) -> int:
        """How many adapters are loaded at the same time."""
        return self.max_cpu_loras or self.max_loras

    @property
    def context_length(self) -> int | None:
        return self.max_model_len

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        room, rank = ("writer", 0) if self is run.writer else ("engine", run.inner.adapter_rank)
        yield from (f"{room}.{fault}" for fault in self._faults(run.model, rank=rank))

    def _faults(self, model: "Model", *, rank: int) -> Iterator[str]:
        if rank > self.max_rank:
            yield f"max_rank: it is {self.max_rank}, but inner.rank is {rank}: set it to {rank}"
        if self.loaded_together < self.max_loras:
            yield f"max_cpu_loras: {self.max_cpu_loras} is less than max_loras ({self.max_loras}): raise it"
        if self.loads_per_start < self.loaded_together:
            yield f"loads_per_start: {self.loads_per_start} is less than are loaded together ({self.loaded_together})"
        if model.dtype not in _DTYPES:
            yield f"dtype: vLLM does not know {model.dtype}: set model.dtype to one of {', '.join(_DTYPES)}"

    def arguments(self, model: "Model") -> dict[str, Any]:
        """The arguments of vLLM's engine, as `vllm.LLM` names them."""
        arguments = {
            "dtype": model.dtype,
            "trust_remote_code": model.trust_remote_code,
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "max_model_len": self.max_model_len,
            "enforce_eager": self.enforce_eager,
            "generation_config": "vllm",
            "seed": 0,
        }
        if self.max_rank:
            rank = next(allowed for allowed in LORA_RANKS if allowed >= self.max_rank)
            counts = {"max_loras": self.max_loras, "max_cpu_loras": self.loaded_together}
            arguments |= {"enable_lora": True, "max_lora_rank": rank, **counts}
        return {name: value for name, value in arguments.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as vLLM is told it."""

    prompt_ids: tuple[int, ...]
    seed: int
    lora: Any
    """How the engine calls the adapter; None for the policy as it is."""
    stops: tuple[str, ...]
    opened: bool = False
    """Whether the prompt ends within a thought: then nothing may stop it but its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What vLLM wrote."""

    text: str
    """In vLLM's own reading, which may begin with a space that the tokenizer's own decoder strips."""
    finished: bool
    """False if it was cut at the token limit."""
    token_ids: tuple[int, ...] | None = None
    """With what ended it; None from a server that does not tell them (before vLLM 0.10.2)."""


Ask = Callable[[Sequence[Call]], Sequence[Written | Unavailable]]


def complete(
    requests: Sequence[Request], loras: Mapping[int, Any], stored: "Stored", sampling: Sampling, ask: Ask
) -> list[Completion | Unavailable]:
    """One completion a request, in order. `loras` says how adapters are called, or why one is not there, by `id`.

    White space before a text and stop strings within a thought end nothing, but vLLM stops at any stop string. So what
    it stopped too soon is asked for once more, without stop strings.
    """
    outcomes: list[Completion | Unavailable | None] = [_missing(request, loras) for request in requests]
    for stops in (sampling.stops, ()):
        open_numbers = [number for number, outcome in enumerate(outcomes) if outcome is None]
        calls = [_call(requests[number], loras, stored, stops) for number in open_numbers]
        for number, call, written in zip(open_numbers, calls, ask(calls) if calls else (), strict=True):
            found = written if isinstance(written, Unavailable) else _completion(call, written, stored, sampling)
            outcomes[number] = None if call.stops and _stopped_too_soon(written, found, stored) else found
    return [outcome for outcome in outcomes if outcome is not None]


def _missing(request: Request, loras: Mapping[int, Any]) -> Unavailable | None:
    lora = loras[id(request.adapter)] if request.adapter else None
    return lora if isinstance(lora, Unavailable) else None


def _call(request: Request, loras: Mapping[int, Any], stored: "Stored", stops: tuple[str, ...]) -> Call:
    text = prompt_text(stored.tokenizer, request.prompt, chat=stored.chat)
    opened = opens(text)
    return Call(
        prompt_ids=tuple(encode_text(stored.tokenizer, text, chat=stored.chat)),
        seed=request.seed % 2**31,
        lora=loras[id(request.adapter)] if request.adapter else None,
        stops=() if opened else stops,
        opened=opened,
    )


def _stopped_too_soon(written: Written | Unavailable, found: Completion | Unavailable, stored: "Stored") -> bool:
    """Whether vLLM ended a text at a stop string where by our reading there is none, or only before the text."""
    if isinstance(written, Unavailable) or isinstance(found, Unavailable):
        return False
    if written.token_ids is None:
        return not found.text.strip()
    at_string = written.finished and not stored.end_ids.intersection(written.token_ids)
    return at_string and not found.finished


def _completion(call: Call, written: Written, stored: "Stored", sampling: Sampling) -> Completion:
    """By our own decoder, so that texts are those of `engine=transformers`."""
    if written.token_ids is None:
        return completion_of(written.text, sampling, opened=call.opened, has_ended=written.finished)
    reader = Reader(tokenizer=stored.tokenizer, end_ids=stored.end_ids)
    return reader.completion(written.token_ids, sampling, opened=call.opened)
