"""One policy in `vllm.LLM`, with adapters that come and go. The only module that imports vLLM.

vLLM's sleep mode is not used to share a GPU: with adapters, waking up was seen to corrupt weights without an error
(vllm-project/vllm#53888). Its memory is given back by ending the process that its engine runs in.
"""

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import InvalidStateError
from contextlib import contextmanager, suppress
from itertools import count
from threading import Event, Thread
from typing import Any

from seal.engine import Request, guard
from seal.engine.adapter_folder import AdapterFolder, by_adapters, distinct
from seal.engine.vllm_settings import Call, VLLMSettings, Written, complete
from seal.errors import RunError
from seal.nn.adapters import Adapter
from seal.nn.backbone import Stored, empty_cache
from seal.types import Completion, Sampling, Unavailable

_LOG = logging.getLogger(__name__)
_LOOKS_EVERY_S = 1.0
"""Between two looks whether vLLM's engine has died."""


class LoadedPolicy:
    """Continues texts with a policy that vLLM holds, which it loads when it is needed."""

    def __init__(self, settings: VLLMSettings, arguments: Mapping[str, Any], stored: Stored) -> None:
        self.settings, self.arguments, self.stored = settings, arguments, stored
        self._adapters = AdapterFolder(settings.adapter_folder, settings.adapter_budget_gb)
        self._lora_numbers = count(1)  # a number that comes again may find the weights of before
        self._llm: Any = None
        self._unloaded = Event()
        self._guard: subprocess.Popen[bytes] | None = None
        self._n_loads = 0

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion | Unavailable]:
        """One completion a request, in order. An engine that died answers nothing; the next call starts another.

        Raises:
            RunError: vLLM does not start.
        """
        from vllm.v1.engine.exceptions import EngineDeadError

        found: dict[int, Completion | Unavailable] = {}
        try:
            for numbers in by_adapters(requests, min(self.settings.loaded_together, self._adapters.room_for(requests))):
                group = [requests[number] for number in numbers]
                found |= zip(numbers, self._generate(group, sampling), strict=True)
        except EngineDeadError as error:
            _LOG.warning("engine: vLLM's engine died: %s. The next batch starts another one", error)
            self._unload_model()
            silent = Unavailable(reason=f"vLLM's engine died: {error}")
            return [found.get(number, silent) for number in range(len(requests))]
        return [found[number] for number in range(len(requests))]

    def _generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion | Unavailable]:
        adapters = distinct(requests)
        llm = self._ready_for(n_loads=len(adapters))
        with self._lent(llm, adapters) as loras:
            return complete(requests, loras, self.stored, sampling, lambda calls: self._ask(llm, calls, sampling))

    def _ready_for(self, *, n_loads: int) -> Any:
        """vLLM with room for so many adapters more."""
        if self._llm is not None and self._n_loads + n_loads > self.settings.loads_per_start:
            self._unload_model()
        if self._llm is None:
            self._llm = self._started()
        self._n_loads += n_loads
        return self._llm

    def _started(self) -> Any:
        from vllm import LLM

        empty_cache()
        try:
            llm = LLM(model=str(self.stored.folder), **self.arguments)
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise RunError(f"engine: vLLM does not start: {type(error).__name__}: {error}") from error
        self._unloaded = Event()
        core = llm.llm_engine.engine_core
        if hasattr(core, "resources"):  # else vLLM was told to run its engine in this very process
            Thread(target=_wake_when_dead, args=(core, self._unloaded), daemon=True).start()
            self._guard = _guarding(core) if core.resources.engine_manager else None
        return llm

    @contextmanager
    def _lent(self, llm: Any, adapters: Sequence[Adapter]) -> Iterator[Mapping[int, Any]]:
        """A `LoRARequest` for each adapter, or why it is not loaded, by `id`. Afterwards they are nowhere."""
        loras: dict[int, Any] = {}
        folders = []
        try:
            for adapter in adapters:
                folders.append(self._adapters.write(adapter, base_model=str(self.stored.folder)))
                loras[id(adapter)] = self._load(llm, folders[-1])
            yield loras
        finally:
            for folder in folders:
                self._adapters.remove(folder)
            for lora in loras.values():
                if not isinstance(lora, Unavailable):
                    llm.llm_engine.remove_lora(lora.lora_int_id)

    def _load(self, llm: Any, folder: Any) -> Any:
        from vllm.lora.request import LoRARequest
        from vllm.v1.engine.exceptions import EngineDeadError

        lora = LoRARequest(lora_name=folder.name, lora_int_id=next(self._lora_numbers), lora_path=str(folder))
        try:
            llm.llm_engine.add_lora(lora)
            if lora.lora_int_id in llm.llm_engine.list_loras():
                return lora
            reason = "vLLM accepted it, and does not list it"
        except EngineDeadError:
            raise
        except Exception as error:  # vLLM hands on whatever its worker raised, of any type
            reason = f"{type(error).__name__}: {error}"
        return Unavailable(reason=f"the adapter was not loaded: {reason}")

    def _ask(self, llm: Any, calls: Sequence[Call], sampling: Sampling) -> list[Written | Unavailable]:
        """What is written to each call. vLLM refuses the whole batch if one prompt is too long. Halving finds that
        prompt."""
        try:
            return [*self._written(llm, calls, sampling)]
        except _refusals() as refusal:
            if len(calls) == 1:
                return [Unavailable(reason=f"vLLM refuses the request: {refusal}")]
            half = len(calls) // 2
            return [*self._ask(llm, calls[:half], sampling), *self._ask(llm, calls[half:], sampling)]

    def _written(self, llm: Any, calls: Sequence[Call], sampling: Sampling) -> list[Written]:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        schema = StructuredOutputsParams(json=sampling.json_schema) if sampling.json_schema else None
        parameters = [
            SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_new_tokens,
                seed=call.seed,
                stop=list(call.stops),
                structured_outputs=schema,
                stop_token_ids=sorted(self.stored.end_ids),
            )
            for call in calls
        ]
        prompts = [{"prompt_token_ids": list(call.prompt_ids)} for call in calls]
        loras = [call.lora for call in calls] if self.settings.max_rank else None
        outputs = llm.generate(prompts, parameters, lora_request=loras, use_tqdm=False)
        texts = [output.outputs[0] for output in outputs]
        return [
            Written(text=text.text, finished=text.finish_reason != "length", token_ids=tuple(text.token_ids))
            for text in texts
        ]

    def _unload_model(self) -> None:
        """Give back all memory."""
        if self._llm is None:
            return
        self._unloaded.set()
        llm, self._llm, self._n_loads = self._llm, None, 0
        guarding, self._guard = self._guard, None
        try:
            llm.llm_engine.engine_core.shutdown()
        finally:
            if guarding:
                _let_go(guarding)

    def close(self) -> None:
        self._unload_model()
        self._adapters.close()


def _refusals() -> tuple[type[Exception], ...]:
    """What vLLM raises for a request that it does not take: an error of its own, in older versions a `ValueError`."""
    from vllm import exceptions

    return (ValueError, getattr(exceptions, "VLLMClientError", ValueError))


def _guarding(core: Any) -> subprocess.Popen[bytes]:
    """A process that ends vLLM's engine if this one is killed."""
    numbers = [str(process.pid) for process in core.resources.engine_manager.processes]
    return subprocess.Popen([sys.executable, guard.__file__, *numbers], stdin=subprocess.PIPE, start_new_session=True)


def _let_go(guarding: "subprocess.Popen[bytes]") -> None:
    """End a guard. A process that was forked meanwhile may still hold its pipe."""
    if guarding.stdin:
        guarding.stdin.close()
    try:
        guarding.wait(timeout=guard.PATIENCE_S + 5)
    except subprocess.TimeoutExpired:
        guarding.kill()
        guarding.wait()


def _wake_when_dead(core: Any, unloaded: Event) -> None:
    """Raise `EngineDeadError` in whoever waits for an engine that was killed: vLLM 0.32 lets them wait for ever."""
    from vllm.v1.engine.exceptions import EngineDeadError

    while not unloaded.wait(_LOOKS_EVERY_S):
        if not core.resources.engine_dead:
            continue
        if core.outputs_queue.empty():
            core.outputs_queue.put(EngineDeadError())
        for waiting in list(core.utility_results.values()):
            with suppress(InvalidStateError):
                waiting.set_exception(EngineDeadError())
