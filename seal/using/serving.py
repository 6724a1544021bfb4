"""The commands that serve an exported model: vLLM, llama.cpp, Ollama, transformers. Pure text."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seal.chat import Chat
from seal.engine.vllm_settings import LORA_RANKS
from seal.recipe.model_card import example_prompt
from seal.using.sources import Source

_PORT = {"vLLM": 8000, "llama.cpp": 8080}
_IMPORTED = ("Llama", "Mistral", "Gemma", "Gemma2", "Phi3")
"""Beginnings of the names of architectures that Ollama imports as safetensors."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """An export, as the commands name it."""

    source: Source
    folder: Path
    architecture: str
    """As `config.json` names it, for example `LlamaForCausalLM`."""
    chat: Chat | None = None
    """How prompts become messages; None where they are plain text."""
    rank: int | None = None
    """Of the adapter; None for a whole model."""
    dora: bool = False
    has_modelfile: bool = False

    @property
    def name(self) -> str:
        """What servers call the model."""
        return Path(self.source.name).name

    @property
    def place(self) -> str:
        return shlex.quote(str(self.folder))

    @property
    def base(self) -> str:
        return shlex.quote(self.source.base)


def commands(served: Served) -> dict[str, list[str]]:
    """The commands of each program, in the order in which they are typed. A line that begins with # is a remark."""
    whole = served.rank is None
    return {
        "vLLM": [*(_vllm_model(served) if whole else _vllm_adapter(served)), _request(served, _PORT["vLLM"])],
        "llama.cpp": [*(_llama_cpp_model(served) if whole else _llama_cpp_adapter(served))],
        "Ollama": [*(_ollama_model(served) if whole else _ollama_adapter(served))],
        "transformers": [
            f"seal ask {served.place}",
            f"# Python: the section 'How to ask it' of {served.folder}/README.md",
        ],
    }


def _vllm_model(served: Served) -> Iterator[str]:
    yield f"vllm serve {served.place} --served-model-name {shlex.quote(served.name)}"


def _vllm_adapter(served: Served) -> Iterator[str]:
    assert served.rank is not None
    if served.dora:
        yield "# vLLM does not serve DoRA adapters: export with --to merged"
        return
    if served.rank > LORA_RANKS[-1]:
        yield f"# vLLM serves adapters up to rank {LORA_RANKS[-1]}, and this one has {served.rank}: --to merged"
        return
    rank = next(allowed for allowed in LORA_RANKS if allowed >= served.rank)
    module = shlex.quote(f"{served.name}={served.folder}")
    yield f"vllm serve {served.base} --enable-lora --max-lora-rank {rank} --lora-modules {module}"


def _llama_cpp_model(served: Served) -> Iterator[str]:
    file = shlex.quote(f"{served.name}.gguf")
    small = shlex.quote(f"{served.name}-q4_k_m.gguf")
    yield from _converters("convert_hf_to_gguf")
    yield f"python llama.cpp/convert_hf_to_gguf.py {served.place} --outfile {file} --outtype f16"
    yield f"llama-quantize {file} {small} Q4_K_M    # smaller, and less exact"
    yield f"llama-server -m {file} --port {_PORT['llama.cpp']}"


def _llama_cpp_adapter(served: Served) -> Iterator[str]:
    if served.dora:
        yield "# llama.cpp does not convert DoRA adapters: export with --to gguf"
        return
    file, base = shlex.quote(f"{served.name}-lora.gguf"), "base.gguf"
    yield from _converters("convert_lora_to_gguf")
    yield f"python llama.cpp/convert_hf_to_gguf.py {served.base} --outfile {base} --outtype f16"
    yield f"python llama.cpp/convert_lora_to_gguf.py {served.place} --base {served.base} --outfile {file}"
    yield f"llama-server -m {base} --lora {file} --port {_PORT['llama.cpp']}"


def _converters(script: str) -> Iterator[str]:
    yield "git clone --depth 1 https://github.com/ggml-org/llama.cpp"
    yield f"pip install -r llama.cpp/requirements/requirements-{script}.txt"


def _ollama_model(served: Served) -> Iterator[str]:
    name = shlex.quote(served.name.lower())
    if not served.architecture.startswith(_IMPORTED):
        yield (
            f"# Ollama imports folders of Llama, Mistral, Gemma and Phi-3, perhaps not {served.architecture}: make the "
            "GGUF file above, and write `FROM ./FILE.gguf` into the Modelfile"
        )
    if served.has_modelfile:
        yield f"ollama create {name} -f {shlex.quote(str(served.folder / 'Modelfile'))}"
        yield f"ollama run {name}"
    else:
        yield "# export with --to ollama, which writes a Modelfile"


def _ollama_adapter(served: Served) -> Iterator[str]:
    yield "# export with --to ollama, which merges the adapter and writes a Modelfile"


def _request(served: Served, port: int) -> str:
    """A question of the run to an OpenAI-compatible server, put as in the run."""
    task = served.source.task
    prompt = example_prompt(task, served.source.contexts)
    asked = {"messages": [{"role": "user", "content": prompt}]} if served.chat else {"prompt": prompt}
    body = {
        "model": served.name,
        **asked,
        "temperature": 0,
        "max_tokens": task.max_answer_tokens,
        "stop": list(task.answering.stops),
    }
    path = "chat/completions" if served.chat else "completions"
    data = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl http://localhost:{port}/v1/{path} -H 'Content-Type: application/json' -d {data}"
