"""What the steps of `on_gpu` measure, on the device that is there."""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, Qwen2Config

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.inner import Adapted
from seal.model.tiny import Tiny
from seal.nn.adaptation import attached
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone, pick_device
from seal.types import Sampling
from tests.bench import ways, workload
from tests.bench.inner_loop import FLOPS_A_PARAMETER, utilization
from tests.bench.measured import peak_bytes
from tests.bench.models import HEADS, SHAPES
from tests.bench.workload import Job
from tests.bench.writing import seconds

DRY = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, vocab_size=2048)
BYTES_PER_S = {"H200": 4.8e12, "H100": 3.35e12}
"""What the memory of a GPU gives a second, by a part of its name, as its maker says."""


def random_backbone(shape: str, dtype: str | None = None) -> Backbone:
    """A random model, made on the device, that never ends a text."""
    device = pick_device("auto")
    tokenizer = AutoTokenizer.from_pretrained(Tiny().path)
    heads, kv_heads = HEADS.get(shape, (4, 2))
    config = Qwen2Config(
        **SHAPES.get(shape, DRY), num_attention_heads=heads, num_key_value_heads=kv_heads, max_position_embeddings=4096
    )
    config.tie_word_embeddings = shape != "qwen2_5_7b"
    torch.manual_seed(0)
    with torch.device(device):
        network = AutoModelForCausalLM.from_config(
            config, dtype=getattr(torch, dtype or ("bfloat16" if device.type == "cuda" else "float32"))
        )
    network.requires_grad_(False).eval().to(device)
    network.generation_config = GenerationConfig()
    return Backbone(model=network, tokenizer=tokenizer, chat=None, end_ids=frozenset(), published=None)


def differences(shape: str, dtype: str, folder: Path) -> dict[str, float]:
    """The largest of the weights of adapters trained side by side, from those trained alone, relative to the largest;
    and of an adapter's logits in PEFT from those here, likewise."""
    backbone = random_backbone(shape, dtype)
    plans = [job.plan for job in workload.jobs(2)]
    together, alone = (
        [each.adapter for each in ways.settings(parallel=n, epochs=1).adapt(backbone, plans, [0, 1]) if adapted(each)]
        for n in (2, 1)
    )
    pairs = [
        (one, other)
        for mine, its in zip(together, alone, strict=True)
        for path in mine.weights
        for one, other in zip(mine.weights[path], its.weights[path], strict=True)
    ]
    ids = torch.arange(2, 40, device=backbone.device)[None]
    with torch.no_grad(), attached(backbone.model, together[:1]):
        ours = backbone.model(input_ids=ids).logits
    together[0].save(folder / f"adapter_{dtype}", base_model="random")
    peft = PeftModel.from_pretrained(backbone.model, folder / f"adapter_{dtype}", autocast_adapter_dtype=True)
    with torch.no_grad():
        theirs = peft(input_ids=ids).logits
    return {
        "side_by_side": max(float((a - b).abs().max()) for a, b in pairs) / max(float(a.abs().max()) for a, _ in pairs),
        "peft": float((ours - theirs).abs().max() / theirs.abs().max()),
    }


def adapted(outcome: object) -> bool:
    """Whether a training has made an adapter, and not failed."""
    return isinstance(outcome, Adapted) and isinstance(outcome.adapter, Adapter)


def training(shape: str, slots: tuple[int, ...], *, profiled: bool = False) -> dict[str, Any]:
    """For each number of slots: updates and real tokens a second, memory, and the share of what the device could do."""
    backbone = random_backbone(shape)
    rows = []
    for parallel in slots:
        jobs = workload.jobs(2 * parallel)
        row = _speed(backbone, jobs, ways.stacked(backbone, jobs, parallel=parallel).step_s)
        rows.append({"slots": parallel, **row})
    few = workload.jobs(2)
    found: dict[str, Any] = {"slots": rows, "peft": _speed(backbone, few, ways.by_loop(backbone, few).step_s)}
    return found | ({"profile": counted(backbone, slots[-1])} if profiled else {})


def _speed(backbone: Backbone, jobs: list[Job], step_s: float) -> dict[str, Any]:
    """`step_s` is of an update of one adapter."""
    tokens_per_s = ways.typical_tokens(backbone, jobs) / step_s
    name = torch.cuda.get_device_name() if backbone.device.type == "cuda" else None
    share = utilization(FLOPS_A_PARAMETER * ways.n_multiplied(backbone) * tokens_per_s, name)
    row = {"updates_per_s": 1 / step_s, "tokens_per_s": tokens_per_s, "utilization": share, "peak_bytes": peak_bytes()}
    if backbone.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    return row


def counted(backbone: Backbone, parallel: int) -> dict[str, float]:
    """Kernels started and waits for the device, of a step of all slots."""
    jobs = workload.jobs(parallel)
    cuda = [ProfilerActivity.CUDA] if backbone.device.type == "cuda" else []
    with profile(activities=[ProfilerActivity.CPU, *cuda]) as seen:
        outcomes = ways.settings(parallel=parallel, epochs=1).adapt(
            backbone, [job.plan for job in jobs], range(parallel)
        )
    n_steps = max(len(each.training.losses) for each in outcomes if isinstance(each, Adapted) and each.training)
    calls = {event.key: event.count for event in seen.key_averages()}
    return {
        "launches": sum(count for key, count in calls.items() if "LaunchKernel" in key) / n_steps,
        "syncs": sum(count for key, count in calls.items() if "Synchronize" in key) / n_steps,
    }


def writing(shape: str, n_texts: int, n_tokens: int) -> dict[str, Any]:
    """Tokens a second, and the share of the memory's speed that reading all weights once a token would take."""
    backbone = random_backbone(shape)
    generator = BatchedGenerator(backbone, prompts_per_batch=n_texts)
    requests = [Request(prompt=workload.jobs(1)[0].prompts[0], seed=seed) for seed in range(n_texts)]
    sampling = Sampling(temperature=1.0, top_p=0.95, max_new_tokens=n_tokens)
    generator.generate(requests[:1], Sampling(temperature=1.0, top_p=0.95, max_new_tokens=2))
    taken_s = seconds(backbone, lambda: generator.generate(requests, sampling))
    n_bytes = ways.n_multiplied(backbone) * next(backbone.model.parameters()).element_size()
    name = torch.cuda.get_device_name() if backbone.device.type == "cuda" else ""
    peak = next((peak for part, peak in BYTES_PER_S.items() if part in name), None)
    share = n_bytes * n_tokens / taken_s / peak if peak else None
    return {"seconds": taken_s, "tokens_per_s": n_texts * n_tokens / taken_s, "share_of_bandwidth": share}
