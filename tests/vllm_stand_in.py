"""A server that speaks vLLM's protocol where vLLM cannot run: transformers and PEFT on a CPU, one request at a time.

It loads the adapter folders that it is told and writes with them. It shares no code with seal. What a test wants it to
do wrong stands in the environment; what it was asked goes into the file that STAND_IN_DIARY names.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

MOST_STOPS = 4
ALLOWED_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


class Refusal(Exception):  # noqa: N818
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Served:
    """The model, its adapters by name, and the order in which it is asked."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.base: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            options.model, dtype=getattr(torch, options.dtype)
        ).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(options.model)
        self.adapted: PeftModel | None = None
        self.adapters: dict[str, str] = {}
        self.n_completions = 0
        self.lock = threading.Lock()

    def models(self) -> dict[str, Any]:
        return {"data": [{"id": name} for name in (self.options.served_model_name, *self.adapters)]}

    def load(self, asked: Mapping[str, Any]) -> str:
        name, path = asked["lora_name"], asked["lora_path"]
        if os.environ.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") != "True":
            raise Refusal(404, "runtime updating is off")
        if name in self.adapters:
            raise Refusal(400, f"The lora adapter '{name}' has already been loaded.")
        config = PeftConfig.from_pretrained(path)
        if not self.options.enable_lora or config.r > self.options.max_lora_rank:
            raise Refusal(400, f"LoRA rank {config.r} is greater than max_lora_rank {self.options.max_lora_rank}.")
        if wrong := os.environ.get("STAND_IN_LOADS"):
            if wrong == "listed":
                self.adapters[name] = path
            return "Success"
        if self.adapted is None:
            self.adapted = PeftModel.from_pretrained(self.base, path, adapter_name=name)
        else:
            self.adapted.load_adapter(path, adapter_name=name)
        self.adapters[name] = path
        return f"Success: LoRA adapter '{name}' added successfully."

    def unload(self, asked: Mapping[str, Any]) -> str:
        if asked["lora_name"] not in self.adapters:
            raise Refusal(404, "cannot be found")
        del self.adapters[asked["lora_name"]]
        return "Success"

    def complete(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.n_completions += 1
        if self.n_completions > int(os.environ.get("STAND_IN_DIES_AFTER", "1000000000")):
            os._exit(9)
        name = asked["model"]
        if name != self.options.served_model_name and name not in self.adapters:
            raise Refusal(404, f"The model `{name}` does not exist.")
        if name in self.adapters and (self.adapted is None or name not in self.adapted.peft_config):
            raise Refusal(500, "the adapter is not in the engine")
        if len(asked.get("stop", [])) > MOST_STOPS:
            raise Refusal(400, f"stop: List should have at most {MOST_STOPS} items after validation")
        ids, finished = self._text(name, asked)
        ends = {self.tokenizer.eos_token_id, *asked.get("stop_token_ids", [])}
        text = self._read([token for token in ids if token not in ends])
        cuts = [text.find(stop) for stop in asked.get("stop", []) if stop in text]
        choice = {
            "index": 0,
            "text": text[: min(cuts)] if cuts else text,
            "finish_reason": "stop" if finished else "length",
            "token_ids": ids if asked.get("return_token_ids") else None,
        }
        return {"model": name, "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}

    @torch.no_grad()
    def _text(self, name: str, asked: Mapping[str, Any]) -> tuple[list[int], bool]:
        """The new token ids, with whatever ended them, and whether it was not the token limit."""
        prompt = asked["prompt"]
        ids = prompt if isinstance(prompt, list) else self.tokenizer(prompt)["input_ids"]
        model: Any = self.adapted or self.base
        if name in self.adapters:
            model.set_adapter(name)
        off = model.disable_adapter() if self.adapted and name not in self.adapters else nullcontext()
        new: list[int] = []
        ends = {self.tokenizer.eos_token_id, *asked.get("stop_token_ids", [])}
        source = torch.Generator().manual_seed(asked.get("seed", 0))
        with off:
            while len(new) < asked["max_tokens"]:
                logits = model(input_ids=torch.tensor([[*ids, *new]])).logits[0, -1].float()
                new.append(_pick(logits, asked, source))
                if new[-1] in ends:
                    return new, True
                if any(stop in self._read(new) for stop in asked.get("stop", [])):
                    return new, True
        return new, False

    def _read(self, ids: list[int]) -> str:
        """As vLLM reads them: behind the prompt, so that a first word keeps the space that a decoder would strip."""
        text = str(self.tokenizer.decode(ids, skip_special_tokens=True))
        first = self.tokenizer.convert_ids_to_tokens(ids[:1])
        return f" {text}" if first and first[0].startswith("\N{LOWER ONE EIGHTH BLOCK}") else text


def _pick(logits: torch.Tensor, asked: Mapping[str, Any], source: torch.Generator) -> int:
    if not asked["temperature"]:
        return int(logits.argmax())
    return int(torch.multinomial((logits / asked["temperature"]).softmax(-1), 1, generator=source))


def handler(served: Served) -> type[BaseHTTPRequestHandler]:
    routes = {"completions": served.complete, "load_lora_adapter": served.load, "unload_lora_adapter": served.unload}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(200, served.models())

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            route = self.path.removeprefix("/v1/")
            with served.lock:
                note({"route": route, "process": os.getpid(), **asked})
                if os.environ.get("STAND_IN_HANGS"):
                    time.sleep(600)
                try:
                    self._answer(200, routes[route](asked))
                except Refusal as refusal:
                    self._answer(refusal.status, {"error": {"message": str(refusal)}})

        def _answer(self, status: int, content: Any) -> None:
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return Handler


def note(entry: Mapping[str, Any]) -> None:
    if diary := os.environ.get("STAND_IN_DIARY"):
        with Path(diary).open("a") as file:
            file.write(json.dumps(dict(entry)) + "\n")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Options under vLLM's names; others are refused, as vLLM refuses them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--generation-config", choices=["vllm"])
    parser.add_argument("--seed", type=int)
    parser.add_argument("--gpu-memory-utilization", type=float)
    parser.add_argument("--max-model-len", type=int)
    parser.add_argument("--enforce-eager", action="store_true")
    parser.add_argument("--trust-remote-code", action="store_true")
    parser.add_argument("--enable-lora", action="store_true")
    parser.add_argument("--max-lora-rank", type=int, choices=ALLOWED_RANKS, default=16)
    parser.add_argument("--max-loras", type=int, default=1)
    parser.add_argument("--max-cpu-loras", type=int)
    return parser.parse_args(arguments)


def main() -> None:
    torch.set_num_threads(1)
    chosen = options(sys.argv[1:])
    note({"route": "start", "process": os.getpid(), "arguments": sys.argv[1:]})
    if message := os.environ.get("STAND_IN_FAILS"):
        print(message, *(f"line {number} of what came of it" for number in range(30)), sep="\n")
        sys.exit("RuntimeError: Engine core initialization failed. See root cause above.")
    ThreadingHTTPServer.request_queue_size = 128  # many connect at once
    server = ThreadingHTTPServer((chosen.host, chosen.port), handler(Served(chosen)))
    server.daemon_threads = True
    server.serve_forever(0.05)


if __name__ == "__main__":
    main()
