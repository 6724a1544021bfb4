"""Training on puzzles, measured in a process of its own: `python -m tests.bench.puzzles --way d --adapters 16`

The model and the plans are those of `experiment=grids`: learning rates, epochs, numbers of episodes and masks differ
from adapter to adapter, as policies choose them. c: a plain loop over PEFT, one adapter at a time. d: ours.
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seal.config import loading
from seal.inner import Adapted
from seal.inner.lora import LoRA
from seal.nn.backbone import Backbone, load
from seal.self_edit.augmentations import Augmentations
from seal.text import Tokens
from seal.types import Plan, SelfEdit
from tests.bench.measured import finish, peak_bytes

FAMILIES = ("basic", "size", "chain", "repeat")
RATES, EPOCHS = (3e-4, 1e-3, 3e-3), (1, 2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is trained, and how."""

    backbone: Backbone
    settings: LoRA
    plans: list[Plan]


def bench(count: int, *overrides: str, seed: int = 0) -> Bench:
    """So many plans, each of settings drawn at random, about one puzzle after the other."""
    run, _ = loading.load(["experiment=grids", f"task.n_train={min(count, 16)}", "task.n_held_out=1", *overrides])
    assert isinstance(run.self_edit, Augmentations)
    assert isinstance(run.inner, LoRA)
    contexts, random, plans = run.task.load().train, Random(seed), []
    while len(plans) < count:
        context = contexts[len(plans) % len(contexts)]
        edit = SelfEdit(context_id=context.id, index=0, text=_settings(random), finished=True)
        plan = run.self_edit.parse(context, edit)
        plans += [plan] if isinstance(plan, Plan) else []
    return Bench(backbone=load(run.model), settings=run.inner, plans=plans)


def _settings(random: Random) -> str:
    chosen = random.sample(FAMILIES, random.randint(0, len(FAMILIES)))
    training = {
        "strategy": random.choice(("train_using_all_tokens", "train_using_output_tokens")),
        "learning_rate": random.choice(RATES),
        "num_train_epochs": random.choice(EPOCHS),
    }
    families = {f"use_{family}_augmentations": family in chosen for family in FAMILIES}
    return json.dumps({"data_generation": families, "training": training})


def stacked(asked: Bench, *, parallel: int) -> dict[str, float]:
    """Way d: all plans."""
    ours = replace(asked.settings, parallel=parallel)
    ours.adapt(asked.backbone, asked.plans[:1], [0])  # what is done once
    began_s = time.perf_counter()
    outcomes = ours.adapt(asked.backbone, asked.plans, list(range(len(asked.plans))))
    finish(asked.backbone)
    trained_s = time.perf_counter() - began_s
    done = [each.training for each in outcomes if isinstance(each, Adapted) and each.training]
    return _measured(asked, trained_s, n_updates=sum(len(training.losses) for training in done))


def by_peft(asked: Bench) -> dict[str, float]:
    """Way c: one after the other; making an adapter counts as training, as it does for ours."""
    _train_by_peft(asked, asked.plans[0])
    began_s = time.perf_counter()
    n_updates = sum(_train_by_peft(asked, plan) for plan in asked.plans)
    finish(asked.backbone)
    return _measured(asked, time.perf_counter() - began_s, n_updates=n_updates)


def _train_by_peft(asked: Bench, plan: Plan) -> int:
    """The updates of one plan."""
    settings, backbone = asked.settings.overridden(plan.settings), asked.backbone
    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    network = get_peft_model(backbone.model, lora)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0, fused=True)
    examples, generator = settings.examples(backbone, plan), torch.Generator().manual_seed(0)
    n_steps, step = settings.n_updates(len(examples)), 0
    for _ in range(settings.epochs):
        order = torch.randperm(len(examples), generator=generator).tolist()
        for start in range(0, len(order), settings.batch_size or len(order)):
            batch = [examples[number] for number in order[start : start + (settings.batch_size or len(order))]]
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * step / n_steps))
            network(**_inputs(batch, backbone)).loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, settings.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
    network.unload()
    return step


def _inputs(batch: Sequence[Tokens], backbone: Backbone) -> dict[str, Tensor]:
    """Rows padded to the longest."""
    ids = [torch.tensor(each.ids) for each in batch]
    labels = [row.where(torch.tensor(each.trained), -100) for row, each in zip(ids, batch, strict=True)]
    seen = [torch.ones(len(row), dtype=torch.long) for row in ids]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=backbone.pad_id).to(backbone.device),
        "attention_mask": pad_sequence(seen, batch_first=True).to(backbone.device),
        "labels": pad_sequence(labels, batch_first=True, padding_value=-100).to(backbone.device),
    }


def _measured(asked: Bench, trained_s: float, *, n_updates: int) -> dict[str, float]:
    n_tokens = 0
    for plan in asked.plans:
        settings = asked.settings.overridden(plan.settings)
        n_tokens += settings.epochs * sum(len(each.ids) for each in settings.examples(asked.backbone, plan))
    return {"trained_s": trained_s, "n_updates": n_updates, "n_tokens": n_tokens}


def row(found: dict[str, Any], peft: dict[str, Any], *, way: str, adapters: int) -> dict[str, Any]:
    """What is written down of one way, beside what PEFT took for the same plans or others of their kind."""
    tokens_per_s = found["n_tokens"] / found["trained_s"]
    return {
        "workload": "grids",
        "model": "tiny_grids",
        "way": way,
        "adapters": adapters,
        "dtype": None,
        "phase": "train",
        "tokens_per_s": tokens_per_s,
        "updates_per_s": found["n_updates"] / found["trained_s"],
        "n_updates": found["n_updates"],
        "ratio_to_published": None,  # which is not measured here
        "ratio_to_peft": tokens_per_s * peft["trained_s"] / peft["n_tokens"],
        "peak_bytes": found["peak_bytes"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices="cd", required=True)
    parser.add_argument("--adapters", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--self-edits", type=int, default=32)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    what = bench(asked.self_edits)
    found = by_peft(what) if asked.way == "c" else stacked(what, parallel=asked.adapters)
    print(json.dumps({**found, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
