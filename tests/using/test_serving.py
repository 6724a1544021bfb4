"""The commands that are printed name what is there, and say what does not work."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

from seal.chat import Chat
from seal.model.hugging_face import HuggingFace
from seal.using.prompting import DefaultQuestions
from seal.using.serving import Served, commands
from seal.using.sources import Source

CONTEXT = DefaultQuestions().make_context("Mill", "It is red.", [("Which colour is Doran's mill?", "red")])
SOURCE = Source(name="sweep/my run", model=HuggingFace(path="org/model"), task=DefaultQuestions(), contexts=(CONTEXT,))
WHOLE = Served(source=SOURCE, folder=Path("/out/a b"), architecture="LlamaForCausalLM", has_modelfile=True)
ADAPTER = replace(WHOLE, rank=24)


def test_vllm_serves_an_adapter_with_the_least_rank_that_it_allows() -> None:
    assert shlex.split(commands(ADAPTER)["vLLM"][0]) == [
        *("vllm", "serve", "org/model", "--enable-lora", "--max-lora-rank", "32"),
        *("--lora-modules", "my run=/out/a b"),
    ]
    assert "does not serve DoRA" in commands(replace(ADAPTER, dora=True))["vLLM"][0]
    assert "up to rank 512" in commands(replace(ADAPTER, rank=600))["vLLM"][0]


def test_a_request_puts_the_run_s_own_question_as_the_run_did() -> None:
    words = shlex.split(commands(WHOLE)["vLLM"][-1])
    assert words[1].endswith("/v1/completions")
    body = json.loads(words[-1])
    assert (body["prompt"], body["temperature"], body["stop"]) == (CONTEXT.queries[0].prompt, 0, ["\n"])
    chat = replace(WHOLE, chat=Chat())
    words = shlex.split(commands(chat)["vLLM"][-1])
    assert words[1].endswith("/v1/chat/completions")
    assert json.loads(words[-1])["messages"][0]["content"] == CONTEXT.queries[0].prompt


def test_a_whole_model_is_converted_quantized_and_served() -> None:
    lines = commands(WHOLE)["llama.cpp"]
    assert "python llama.cpp/convert_hf_to_gguf.py '/out/a b' --outfile 'my run.gguf' --outtype f16" in lines
    assert any(line.startswith("llama-quantize 'my run.gguf'") for line in lines)
    assert any("convert_lora_to_gguf.py" in line for line in commands(ADAPTER)["llama.cpp"])


def test_ollama_is_told_of_the_modelfile_and_of_architectures_that_it_may_not_know() -> None:
    assert commands(WHOLE)["Ollama"][0] == "ollama create 'my run' -f '/out/a b/Modelfile'"
    assert "perhaps not GPT2LMHeadModel" in commands(replace(WHOLE, architecture="GPT2LMHeadModel"))["Ollama"][0]
