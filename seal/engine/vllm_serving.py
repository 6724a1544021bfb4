"""One policy served by vLLM: servers come, are recycled and go; adapters are lent to them while they are asked.

What the server does not do is unavailable, never a text: a load that is refused, or that is not there when one looks.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from seal.endpoint import Endpoint, Question, Reply
from seal.engine import Request
from seal.engine.adapter_folder import AdapterFolder, by_adapters, distinct
from seal.engine.server_process import ServerProcess, free_port
from seal.engine.vllm_protocol import Protocol, Refused, Silent
from seal.engine.vllm_settings import Call, VLLMSettings, Written, complete
from seal.nn.adapters import Adapter
from seal.nn.backbone import Stored, empty_cache
from seal.types import Completion, Sampling, Unavailable

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a server is started, and asked."""

    command: tuple[str, ...]
    """What starts one; the model's folder and the options follow."""
    arguments: Mapping[str, Any]
    """Of vLLM's engine, as `vllm.LLM` names them."""
    extra_arguments: tuple[str, ...]
    """Further options, as they are."""
    gpus: str | None
    """`CUDA_VISIBLE_DEVICES` of the server; None is what this process sees."""
    timeout_s: float
    """How long it may take to come up."""
    endpoint: Callable[[int, str], Endpoint]
    """Who answers at a port, under a name."""


class Server:
    """One server, from its start to its stop."""

    def __init__(self, start: Start, stored: Stored, log_folder: Path) -> None:
        port, name = free_port(), f"seal-{token_hex(4)}"  # a name that no other server on this port can have
        self.endpoint: Endpoint = start.endpoint(port, name)
        self.protocol = Protocol(self.endpoint)
        self.n_loads = 0
        self._silence: Silent | None = None
        empty_cache()
        self._process = ServerProcess(
            command_line(start, stored.folder, port=port, served_name=name),
            environment=_environment(start),
            log_folder=log_folder,
        )
        self._process.wait_until(self._serves, timeout_s=start.timeout_s)

    @property
    def running(self) -> bool:
        return self._process.running

    @property
    def state(self) -> str:
        """Whether it still runs, for people, and where its log is."""
        state = "gave no text" if self.running else f"ended with {self._process.exit_code}"
        return f"the vLLM server {state} (log: {self._process.log})"

    def serves(self) -> bool:
        """Whether it is there, and is this one."""
        return self.running and self._silence is None and self._serves()

    def _serves(self) -> bool:
        try:
            return self.endpoint.model in self.protocol.models()
        except Refused:
            return False

    def load(self, folder: Path) -> str | Unavailable:
        """The name under which the server has loaded an adapter, seen to be there; or why it has not."""
        self.n_loads += 1
        try:
            if self._silence:
                raise self._silence
            self.protocol.load(folder.name, folder)
            if folder.name not in self.protocol.models():
                raise Refused("the server accepted it, and does not list it")
            self.protocol.check(folder.name)
        except Refused as refusal:
            self._silence = refusal if isinstance(refusal, Silent) else None
            return Unavailable(reason=f"the adapter was not loaded: {refusal}")
        return folder.name

    def unload(self, name: str) -> None:
        """Unload an adapter. One that the server has dropped already is as good; its name is never used again."""
        if self._silence:
            return
        try:
            self.protocol.unload(name)
        except Refused as refusal:
            self._silence = refusal if isinstance(refusal, Silent) else None

    def stop(self) -> None:
        self._process.stop()


class ServedPolicy:
    """Continues texts with a policy on a server, which is started when it is needed."""

    def __init__(self, settings: VLLMSettings, start: Start, stored: Stored, *, log_folder: Path) -> None:
        self.settings, self.start, self.stored, self.log_folder = settings, start, stored, log_folder
        self._adapters = AdapterFolder(settings.adapter_folder, settings.adapter_budget_gb)
        self._server: Server | None = None

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion | Unavailable]:
        """One completion a request, in order. Where it stayed without any, or died, the next call finds a fresh server.

        Raises:
            RunError: a server does not come up.
        """
        found: dict[int, Completion | Unavailable] = {}
        for numbers in by_adapters(requests, min(self.settings.loaded_together, self._adapters.room_for(requests))):
            group = [requests[number] for number in numbers]
            found |= zip(numbers, self._generate(group, sampling), strict=True)
        silent = [each.reason for each in found.values() if isinstance(each, Unavailable)]
        if self._server and silent and (len(silent) == len(found) or not self._server.serves()):
            self._replace(self._server, silent[0])
        return [found[number] for number in range(len(requests))]

    def _generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion | Unavailable]:
        adapters = distinct(requests)
        server = self._ready_for(n_loads=len(adapters))
        with self._lent(server, adapters) as names:
            return complete(
                requests, names, self.stored, sampling, lambda calls: _ask(server, self.stored, calls, sampling)
            )

    def _ready_for(self, *, n_loads: int) -> Server:
        """A running server that may load so many adapters more."""
        server = self._server
        if server and not server.running:
            self._replace(server, "between two batches")
        elif server and server.n_loads + n_loads > self.settings.loads_per_start:
            self._stop()
        self._server = self._server or Server(self.start, self.stored, self.log_folder)
        return self._server

    def _replace(self, server: Server, why: str) -> None:
        """Stop a server that is of no more use, and say so; the next batch starts another."""
        _LOG.warning("engine: %s: %s. The next batch starts another one", server.state, why)
        self._stop()

    @contextmanager
    def _lent(self, server: Server, adapters: Sequence[Adapter]) -> Iterator[Mapping[int, str | Unavailable]]:
        """The names of adapters on the server, or why one is not there, by `id`. Afterwards they are nowhere."""
        names: dict[int, str | Unavailable] = {}
        folders: list[Path] = []
        try:
            for adapter in adapters:
                folders.append(self._adapters.write(adapter, base_model=str(self.stored.folder)))
                names[id(adapter)] = server.load(folders[-1])
            yield names
        finally:
            for folder in folders:
                server.unload(folder.name)
                self._adapters.remove(folder)

    def _stop(self) -> None:
        if self._server:
            self._server.stop()
            self._server = None

    def close(self) -> None:
        self._stop()
        self._adapters.close()


def _ask(server: Server, stored: Stored, calls: Sequence[Call], sampling: Sampling) -> list[Written | Unavailable]:
    questions = [
        Question(
            prompt=call.prompt_ids,
            seed=call.seed,
            model=call.lora or server.endpoint.model,
            stops=call.stops,
            extra={"stop_token_ids": sorted(stored.end_ids), "return_token_ids": True},
        )
        for call in calls
    ]
    replies = server.endpoint.ask(questions, sampling)
    return [
        Written(text=reply.text, finished=reply.finished, token_ids=reply.token_ids)
        if isinstance(reply, Reply)
        else reply
        for reply in replies
    ]


def command_line(start: Start, folder: Path, *, port: int, served_name: str) -> list[str]:
    """The command that starts a server."""
    where = {"served_model_name": served_name, "host": "127.0.0.1", "port": port}
    options = _options({**where, **start.arguments})
    return [*start.command, str(folder), *options, *start.extra_arguments]


def _options(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Arguments of vLLM's engine as options of its command line: a switch that is off is left out."""
    for name, value in arguments.items():
        if value is not False:
            yield f"--{name.replace('_', '-')}"
        if not isinstance(value, bool):
            yield str(value)


def _environment(start: Start) -> dict[str, str]:
    gpus = {} if start.gpus is None else {"CUDA_VISIBLE_DEVICES": start.gpus}
    return {**os.environ, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", **gpus}
