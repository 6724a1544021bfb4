"""What is measured of one way of doing the inner loop's work, and how questions are timed."""

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.nn.backbone import Backbone
from seal.types import Sampling
from tests.bench import workload

ASKING = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=workload.ANSWER_TOKENS)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one way takes."""

    step_s: float
    """An update of one adapter by one sequence."""
    request_s: float
    """Besides its steps: making, saving and loading an adapter."""
    answer_token_s: float
    """A token of an answer: what a model has learned decides how long it answers, not how fast."""
    baselines_each: bool
    """Whether the unadapted model is asked again for each self-edit, or once for all that share a passage."""
    n_updates: int
    n_tokens: int
    """Real ones, of those updates."""
    real_share: float
    """Of all tokens that were computed."""
    n_answers: int
    n_answer_tokens: int


def ask_one_by_one(backbone: Backbone, network: Any, prompts: Sequence[str]) -> tuple[float, int, int]:
    """Seconds a token, answers, and their tokens, each prompt by itself."""
    began_s, n_tokens = time.perf_counter(), 0
    for prompt in prompts:
        ids = backbone.tokenizer(prompt, return_tensors="pt")["input_ids"].to(backbone.device)
        output = network.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=workload.ANSWER_TOKENS,
            do_sample=False,
            pad_token_id=backbone.pad_id,
        )
        n_tokens += output.shape[1] - ids.shape[1]
    finish(backbone)
    return (time.perf_counter() - began_s) / n_tokens, len(prompts), n_tokens


def ask_in_batches(
    backbone: Backbone, prompts: Sequence[Sequence[str]], adapters: Sequence[Any]
) -> tuple[float, int, int]:
    """The same, with all adapters in one batch."""
    requests = [
        Request(prompt=prompt, seed=0, adapter=adapter)
        for of_adapter, adapter in zip(prompts, adapters, strict=True)
        for prompt in of_adapter
    ]
    generator = BatchedGenerator(backbone, prompts_per_batch=144)
    generator.generate(requests[:1], ASKING)
    began_s = time.perf_counter()
    answers = generator.generate(requests, ASKING)
    finish(backbone)
    seconds = time.perf_counter() - began_s
    n_tokens = sum(
        len(backbone.tokenizer(answer.text)["input_ids"]) + 1 if answer.finished else ASKING.max_new_tokens
        for answer in answers
    )
    return seconds / n_tokens, len(requests), n_tokens


def finish(backbone: Backbone) -> None:
    if backbone.device.type == "cuda":
        torch.cuda.synchronize()


def peak_bytes() -> int:
    """Of this process: on the GPU where there is one, else in main memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
