"""One way of doing the inner loop's work, measured in a process of its own: `python -m tests.bench.ways --way d …`.

a: the published algorithm in our own words: a Trainer a request, every sequence padded to 2048 tokens and the padding
   learned, the adapter saved and loaded again, one question at a time. That the unadapted model is asked again for each
   self-edit is counted with the time that its answers take.
b: the same without padding. c: a plain loop over PEFT at batch 1, the questions of one adapter in one batch. d: ours.
b, c and d train on the same self-edits, an epoch each; of a there are a few steps, which all take the same.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PrinterCallback, ProgressCallback, Trainer, TrainerCallback, TrainingArguments

from seal.inner import Adapted
from seal.inner.lora import LoRA
from seal.nn.backbone import Backbone, load
from seal.text import Tokens
from tests.bench import workload
from tests.bench.measured import Measured, ask_in_batches, ask_one_by_one, finish, peak_bytes
from tests.bench.models import model
from tests.bench.workload import Job

PADDED_TO = 2048
WARM_UP = 2
"""Steps at the beginning that are not counted."""


def settings(*, parallel: int, epochs: int) -> LoRA:
    """The paper's inner loop."""
    return LoRA(
        rank=32,
        alpha=64,
        rank_stabilized=False,
        targets=("q_proj", "v_proj"),
        dropout=0.0,
        start="own",
        learning_rate=1e-3,
        schedule="linear",
        warmup_steps=0,
        epochs=epochs,
        batch_size=1,
        micro_batch_size=None,
        max_grad_norm=1.0,
        append_end=True,
        padding_loss="none",
        padding_samples=1,
        max_tokens=PADDED_TO,
        gradient_checkpointing=False,
        parallel=parallel,
    )


def by_trainer(backbone: Backbone, jobs: Sequence[Job], *, padded: bool, n_steps: int | None = None) -> Measured:
    """Ways a and b. So many steps are measured, or all, but for two at the beginning; requests follow one another."""
    end = None if n_steps is None else n_steps + WARM_UP
    tokens = [tokens for job in jobs for tokens in _tokens(backbone, job)][:end]
    rows = [_row(backbone, each, padded=padded) for each in tokens]
    clock = _StepClock()
    began_s = time.perf_counter()
    network = get_peft_model(backbone.model, _lora_config())
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=1,
            num_train_epochs=1,
            learning_rate=1e-3,
            weight_decay=0.0,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            use_cpu=backbone.device.type == "cpu",
            seed=0,
        )
        trainer = Trainer(model=network, args=arguments, train_dataset=rows, callbacks=[clock])  # type: ignore[arg-type]
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        trainer.train()
        trained_s = sum(clock.steps_s)
        network.save_pretrained(folder)
        base = network.unload()
        adapted = PeftModel.from_pretrained(base, folder)
        request_s = time.perf_counter() - began_s - trained_s
        answer_token_s, n_answers, n_answer_tokens = ask_one_by_one(backbone, adapted, jobs[0].prompts)
        adapted.unload()
    steps_s = clock.steps_s[WARM_UP:]
    n_real = sum(len(each.ids) for each in tokens[WARM_UP:])
    return Measured(
        step_s=sum(steps_s) / len(steps_s),
        request_s=request_s,
        answer_token_s=answer_token_s,
        baselines_each=True,
        n_updates=len(steps_s),
        n_tokens=n_real,
        real_share=typical_tokens(backbone, jobs) / PADDED_TO if padded else 1.0,
        n_answers=n_answers,
        n_answer_tokens=n_answer_tokens,
    )


def by_loop(backbone: Backbone, jobs: Sequence[Job]) -> Measured:
    """Way c."""
    began_s = time.perf_counter()
    network = get_peft_model(backbone.model, _lora_config())
    trainable = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-3, weight_decay=0.0, fused=True)
    request_s = time.perf_counter() - began_s
    tokens = [tokens for job in jobs for tokens in _tokens(backbone, job)]
    steps_s = []
    for each in tokens:
        began_s = time.perf_counter()
        ids = torch.tensor([each.ids], device=backbone.device)
        network(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        finish(backbone)
        steps_s.append(time.perf_counter() - began_s)
    network.unload()
    answer_token_s, n_answers, n_answer_tokens = ask_in_batches(backbone, [jobs[0].prompts], [None])
    return Measured(
        step_s=sum(steps_s[WARM_UP:]) / len(steps_s[WARM_UP:]),
        request_s=request_s,
        answer_token_s=answer_token_s,
        baselines_each=True,
        n_updates=len(steps_s) - WARM_UP,
        n_tokens=sum(len(each.ids) for each in tokens[WARM_UP:]),
        real_share=1.0,
        n_answers=n_answers,
        n_answer_tokens=n_answer_tokens,
    )


def stacked(backbone: Backbone, jobs: Sequence[Job], *, parallel: int) -> Measured:
    """Way d: all of them, one epoch each."""
    ours = settings(parallel=parallel, epochs=1)
    ours.adapt(backbone, [jobs[0].plan], [0])  # what is done once
    began_s = time.perf_counter()
    outcomes = ours.adapt(backbone, [job.plan for job in jobs], list(range(len(jobs))))
    finish(backbone)
    trained_s = time.perf_counter() - began_s
    adapted = [outcome for outcome in outcomes if isinstance(outcome, Adapted)]
    n_updates = sum(len(outcome.training.losses) for outcome in adapted if outcome.training)
    answer_token_s, n_answers, n_answer_tokens = ask_in_batches(
        backbone, [job.prompts for job in jobs[:parallel]], [outcome.adapter for outcome in adapted[:parallel]]
    )
    return Measured(
        step_s=trained_s / n_updates,
        request_s=0.0,
        answer_token_s=answer_token_s,
        baselines_each=False,
        n_updates=n_updates,
        n_tokens=sum(len(tokens.ids) for job in jobs for tokens in _tokens(backbone, job)),
        real_share=1.0,
        n_answers=n_answers,
        n_answer_tokens=n_answer_tokens,
    )


def typical_tokens(backbone: Backbone, jobs: Sequence[Job]) -> float:
    """Real ones, of an update."""
    lengths = [len(tokens.ids) for job in jobs for tokens in _tokens(backbone, job)]
    return sum(lengths) / len(lengths)


def _tokens(backbone: Backbone, job: Job) -> list[Tokens]:
    ours = settings(parallel=1, epochs=1)
    return [ours.tokens(backbone.tokenizer, sequence, chat=None) for sequence in job.plan.sequences]


def _lora_config() -> LoraConfig:
    return LoraConfig(r=32, lora_alpha=64, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")


def _row(backbone: Backbone, tokens: Tokens, *, padded: bool) -> dict[str, torch.Tensor]:
    whole = tokens.padded(PADDED_TO, backbone.pad_id) if padded else tokens
    ids = torch.tensor(whole.ids)
    seen = torch.arange(len(ids)) < len(ids) - whole.n_padding
    return {"input_ids": ids, "attention_mask": seen.long(), "labels": ids}


class _StepClock(TrainerCallback):
    def __init__(self) -> None:
        self.steps_s: list[float] = []
        self.began_s = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.began_s = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.steps_s.append(time.perf_counter() - self.began_s)


WAYS: dict[str, Callable[[Backbone, Sequence[Job], argparse.Namespace], Measured]] = {
    "a": lambda backbone, jobs, asked: by_trainer(backbone, jobs, padded=True, n_steps=asked.steps),
    "b": lambda backbone, jobs, asked: by_trainer(backbone, jobs, padded=False),
    "c": lambda backbone, jobs, asked: by_loop(backbone, jobs),
    "d": lambda backbone, jobs, asked: stacked(backbone, jobs, parallel=asked.adapters),
}


def _talkative(backbone: Backbone) -> Backbone:
    """Random weights end a text anywhere, some at once: here nothing ends it but the limit."""
    backbone.model.generation_config.eos_token_id = None
    return replace(backbone, end_ids=frozenset())


def n_multiplied(backbone: Backbone) -> int:
    """The parameters that a token is multiplied by: all but embeddings that are only looked up."""
    network = backbone.model
    looked_up, head = network.get_input_embeddings().weight, network.get_output_embeddings().weight
    n_looked_up = 0 if looked_up is head else looked_up.numel()
    return sum(weight.numel() for weight in network.parameters()) - n_looked_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--folder", type=Path, required=True, help="where random models are made")
    parser.add_argument("--way", choices=WAYS, required=True)
    parser.add_argument("--adapters", type=int, default=1)
    parser.add_argument("--dtype", default=None, help="of the base weights; bfloat16 on a GPU, else float32")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=4, help="of way a")
    parser.add_argument("--self-edits", type=int, default=32)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    backbone = load(model(asked.model, asked.folder / asked.model, dtype=asked.dtype))
    if asked.model != "tiny":
        backbone = _talkative(backbone)
    jobs = workload.jobs(asked.self_edits)
    measured = WAYS[asked.way](backbone, jobs, asked)
    device = torch.cuda.get_device_name() if backbone.device.type == "cuda" else None
    facts = {"peak_bytes": peak_bytes(), "n_parameters": n_multiplied(backbone), "device": device}
    facts |= {"typical_tokens": typical_tokens(backbone, jobs), "lengths": workload.source()}
    print(json.dumps({**vars(measured), **facts}))


if __name__ == "__main__":
    main()
