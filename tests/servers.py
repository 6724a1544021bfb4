"""Real servers on this machine: one that does what a test says, and transformers' own OpenAI-compatible one."""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from seal.endpoint import Endpoint

Behaviour = Callable[[int, Mapping[str, Any]], "Response"]
"""From the number of a request and its JSON to a response."""


@dataclass(frozen=True, kw_only=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hangs_up: bool = False
    """Closes the connection without a word."""


def says(text: str, *, prompt_tokens: int = 10, completion_tokens: int = 1) -> Response:
    """A well-formed reply, right for chat and for completions."""
    choice = {"index": 0, "finish_reason": "stop", "text": text, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, "total_tokens": 0}
    return Response(body=json.dumps({"id": "x", "choices": [choice], "usage": usage}).encode())


def replies(content: Any = None, *, finish_reason: str | None = "stop", usage: Any = None, **message: Any) -> Response:
    """A reply over chat whose message and usage are as a test says."""
    choice = {
        "index": 0,
        "finish_reason": finish_reason,
        "message": {"role": "assistant", "content": content, **message},
    }
    return Response(body=json.dumps({"id": "x", "choices": [choice], "usage": usage}).encode())


def fails(status: int, message: str = "no", **headers: str) -> Response:
    body = json.dumps({"error": {"message": message}}).encode()
    return Response(status=status, body=body, headers={key.replace("_", "-"): value for key, value in headers.items()})


def asked(request: Mapping[str, Any]) -> str:
    """The prompt of a request, as chat or as completion."""
    return str(request["messages"][0]["content"] if "messages" in request else request["prompt"])


@dataclass(kw_only=True)
class Scripted:
    """A server that behaves as it is told, and remembers what it was asked."""

    behaviour: Behaviour
    url: str = ""
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)
    """Of the requests, with what follows `?`."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def scripted(
    behaviour: Behaviour, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, lives_at: str = "/v1"
) -> Iterator[Scripted]:
    """Its `url` ends in `lives_at`; at every other path it has nothing."""
    server = Scripted(behaviour=behaviour)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(Response(body=b'{"data": []}'))

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.startswith(lives_at):
                self._answer(fails(404, "Not Found"))
                return
            with server.lock:
                server.requests.append(request)
                server.keys.add(self.headers["Authorization"])
                server.paths.append(self.path)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                number = len(server.requests)
            self._answer(server.behaviour(number, request))

        def _answer(self, response: Response) -> None:
            if not self.path.startswith(lives_at):
                response = fails(404, "Not Found")
            time.sleep(response.delay_s)
            if response.hangs_up:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(response.status)
            for name, value in {"Content-Type": "application/json", **response.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            with suppress(ConnectionError):  # a client that gave up waiting
                self.wfile.write(response.body)

        def log_message(self, *_: object) -> None: ...

    ThreadingHTTPServer.request_queue_size = 128  # many connect at once
    httpd = ThreadingHTTPServer((host, 0), Handler)
    if tls:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http{'s' if tls else ''}://{host}:{httpd.server_port}{lives_at}"
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def transformers_serve(model: Path) -> Iterator[str]:
    """The base URL of a real server, once it answers for this model."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "transformers"), "serve", "--device", "cpu", "--port", str(port)]
    if not Path(command[0]).exists():
        command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", *command[1:]]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        url = f"http://127.0.0.1:{port}/v1"
        try:
            _wait_for(url, model, process, said, seconds=90)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(url: str, model: Path, process: subprocess.Popen[bytes], said: IO[bytes], *, seconds: float) -> None:
    body = json.dumps({"model": str(model), "prompt": "Hi", "max_tokens": 1}).encode()
    request = urllib.request.Request(f"{url}/completions", data=body, headers={"Content-Type": "application/json"})
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if process.poll() is not None:
            said.seek(0)
            raise AssertionError(f"the server ended: {said.read().decode()[-2000:]}")
        try:
            urllib.request.urlopen(request, timeout=30).read()
            return
        except urllib.error.HTTPError as error:
            raise AssertionError(f"the server refuses: {error.read().decode()[:500]}") from error
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server does not come up")


def endpoint(url: str, **settings: Any) -> Endpoint:
    """An endpoint with settings for tests: little patience."""
    defaults: dict[str, Any] = dict(
        base_url=url,
        model="some-model",
        api="chat",
        key_variable="SEAL_TEST_KEY",
        concurrency=4,
        timeout_s=5.0,
        max_retries=0,
        give_up_after=1000,
        usd_per_million_prompt_tokens=2.0,
        usd_per_million_completion_tokens=8.0,
    )
    return Endpoint(**defaults | settings)
